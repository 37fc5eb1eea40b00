/**
 * The emergency stop of a file system: from now on its journal takes nothing, and whatever would need the
 * device fails. What is mapped stays mapped; who removes the device has to see to that.
 */
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import type { Task } from '../types.js';

/** Models xfs_force_shutdown(), or ext4_force_shutdown() with EXT4_GOING_FLAGS_NOLOGFLUSH. */
export function forceShutdown(k: Kernel, t: Task): void {
  if (k.sb.isShutdown) return;
  k.sb.isShutdown = true;
  k.cpus.locked(t.id, t.op);
  k.trace.append(EVENT.fs_shutdown, t.id, t.op);
}

/** XFS_IOC_GOINGDOWN, EXT4_IOC_SHUTDOWN. */
export function goingDown(k: Kernel, t: Task): number {
  forceShutdown(k, t);
  return 0;
}
