/**
 * One thread of the program: its operations one after the other, each between op_enter and op_exit events.
 */
import type { Op, OpCode } from '../../program/op.js';
import {
  FALLOCATE,
  MS_ASYNC,
  O_DSYNC,
  OP,
  specOf,
  UNBIND_SURPRISE,
  UNPIN_BATCH,
} from '../../program/op.js';
import { fillOf } from '../../program/program.js';
import { NO_OP } from '../../schedule/schedule.js';
import { EVENT, NO_INO } from '../../trace/event.js';
import { sbEnd, sbStart, trySbStart } from '../fs/freeze.js';
import { iget, waitOnFreeing } from '../fs/inode.js';
import { commitInBackground } from '../fs/journal.js';
import { FREEZE } from '../fs/sb-writers.js';
import { goingDown } from '../fs/shutdown.js';
import type { Kernel } from '../kernel.js';
import { dmaRead, dmaWrite } from '../mm/gup.js';
import { mappedRange } from '../mm/mmap.js';
import { MARK } from '../marks.js';
import { privateBuffer } from '../mm/uaccess.js';
import { unbind } from '../nvdimm/remove.js';
import { strike } from '../nvdimm/strike.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EBADF, EFAULT, EIO, ENOENT, ENOMEM, EOPNOTSUPP } from '../types.js';
import { userFlush, userLoad, userStore } from './user.js';

export function* runThread(k: Kernel, t: Task): Run<void> {
  const ops = k.program.threads[t.id] as readonly Op[];
  for (let index = 0; index < ops.length; index++) {
    const op = ops[index] as Op;
    k.enterOp(t, index);
    const inode = takesFd(op.code) ? (k.mm.fds[op.target] ?? null) : null;
    if (inode !== null) inode.users++; // fget()
    k.trace.append(EVENT.op_enter, t.id, t.op, op.code, inode?.ino ?? NO_INO);
    if (k.preempt(t, POINT.op_start)) yield;
    const writes = inode !== null && takesWriteAccess(k, op.code);
    if (writes && !trySbStart(k, FREEZE.write)) yield* sbStart(k, t, FREEZE.write);
    const run = perform(k, t, op, inode);
    const result = typeof run === 'number' ? run : yield* run;
    if (inode !== null) inode.users--;
    if (writes) sbEnd(k, FREEZE.write);
    k.trace.append(EVENT.op_exit, t.id, t.op, result);
    if (t.id === 0 && index + 1 === k.program.spawnAfter) k.spawnThreads();
    if (k.preempt(t, POINT.op_end)) yield;
  }
  k.cpus.locked(t.id, t.op);
  t.op = NO_OP;
  t.point = POINT.task_end;
}

function takesFd(code: OpCode): boolean {
  const spec = specOf(code);
  return spec.slot === 'fd' && !spec.assigns;
}

/** The calls inside file_start_write() and file_end_write(); of cloning it is the target that is written. */
function takesWriteAccess(k: Kernel, code: OpCode): boolean {
  switch (code) {
    case OP.pwrite:
    case OP.pwrite_from:
    case OP.ftruncate:
    case OP.fallocate:
      return true;
    case OP.reflink:
    case OP.reflink_range:
      return k.sb.refcounts !== null; // where there is none the call is refused before it waits
    default:
      return false;
  }
}

/** The result of an operation, or the call that will give it: not every layer needs a coroutine. */
function perform(k: Kernel, t: Task, op: Op, inode: Inode | null): number | Run<number> {
  switch (op.code) {
    case OP.open:
      return open(k, t, op);
    case OP.mmap:
      return k.functions.mmap(k, t, op);
    case OP.mprotect:
      return k.functions.mprotect(k, t, op);
    case OP.munmap:
      return k.functions.munmap(k, t, op);
    case OP.load:
      return userLoad(k, t, op.target, op.offset, op.length);
    case OP.store:
      return userStore(k, t, op.target, op.offset, op.length, fillOf(t.op));
    case OP.user_flush:
      return userFlush(k, t, op.target, op.offset, op.length);
    case OP.msync:
      return k.functions.msync(k, t, op);
    case OP.sync:
      return k.functions.ksysSync(k, t);
    case OP.pin:
      return pin(k, t, op);
    case OP.dma_write:
      return dmaWrite(k, t, op.target, op.offset, op.length, fillOf(t.op));
    case OP.dma_read:
      return dmaRead(k, t, op.target, op.offset, op.length);
    case OP.unpin:
      return k.functions.unpinUserPages(k, t, op.target, (op.flags & UNPIN_BATCH) !== 0);
    case OP.freeze:
      return k.functions.freezeSuper(k, t);
    case OP.thaw:
      return k.functions.thawSuper(k, t);
    case OP.unbind:
      return unbind(k, t, (op.flags & UNBIND_SURPRISE) !== 0);
    case OP.shutdown:
      return goingDown(k, t);
    case OP.madvise:
      return k.functions.madvise(k, t, op);
    case OP.flusher:
      return k.functions.wbWorkfn(k, t);
    case OP.commit:
      return commitInBackground(k, t);
    case OP.umount:
      return k.functions.umount(k, t);
    case OP.mount:
      return k.functions.mount(k, t);
    case OP.drop_caches:
      return k.functions.dropCaches(k, t);
    default:
      return inode === null ? EBADF : performOnFile(k, t, op, inode);
  }
}

/** The operations whose target is a file descriptor. */
function performOnFile(k: Kernel, t: Task, op: Op, inode: Inode): number | Run<number> {
  const { filePagesMax } = k.program.geometry;
  if (k.sb.isShutdown && op.code !== OP.fadvise && op.code !== OP.close) return EIO; // ext4_forced_shutdown()
  switch (op.code) {
    case OP.fsync:
    case OP.fdatasync:
      traceSyncRange(k, t, inode, 0, filePagesMax);
      return k.functions.vfsFsyncRange(k, t, inode, 0, filePagesMax, op.code === OP.fdatasync);
    case OP.syncfs:
      return k.functions.syncfs(k, t);
    case OP.close:
      k.mm.fds[op.target] = null;
      return 0;
    case OP.pwrite:
      return pwriteOf(k, t, op, inode);
    case OP.pread:
      return k.functions.pread(k, t, inode, op.offset, privateBuffer(op.length));
    case OP.pwrite_from:
    case OP.pread_into:
      return transferWithMapping(k, t, op, inode);
    case OP.ftruncate:
      return k.functions.ftruncate(k, t, inode, op.length);
    case OP.fallocate:
      return fallocate(k, t, op, inode);
    case OP.poison:
      return strike(k, t, inode, op.offset, op.length);
    case OP.fadvise:
      return k.functions.fadviseDontneed(k, t, inode, op.offset, op.offset + op.length);
    case OP.reflink:
    case OP.reflink_range:
      return clone(k, t, op, inode);
    default:
      return EOPNOTSUPP;
  }
}

function pwriteOf(k: Kernel, t: Task, op: Op, inode: Inode): Run<number> {
  const dsync = (op.flags & O_DSYNC) !== 0;
  const buffer = privateBuffer(op.length, fillOf(t.op));
  return k.functions.pwrite(k, t, inode, op.offset, buffer, dsync);
}

/** The buffer is what a mapping has from a page on, and no longer than that. */
function transferWithMapping(k: Kernel, t: Task, op: Op, inode: Inode): number | Run<number> {
  const mapping = k.mm.mappings[op.source] ?? null;
  if (mapping === null || op.flags >= mapping.pages) return EFAULT;
  const { pageSize } = k.program.geometry;
  const length = Math.min(op.length, (mapping.pages - op.flags) * pageSize);
  const buffer = { length, byte: 0, start: mapping.start + op.flags };
  return op.code === OP.pwrite_from
    ? k.functions.pwrite(k, t, inode, op.offset, buffer, false)
    : k.functions.pread(k, t, inode, op.offset, buffer);
}

function fallocate(k: Kernel, t: Task, op: Op, inode: Inode): number | Run<number> {
  const { offset, length } = op;
  switch (op.flags) {
    case FALLOCATE.punchHole:
      return k.functions.punchHole(k, t, inode, offset, length);
    case FALLOCATE.zeroRange:
      return k.functions.zeroRange(k, t, inode, offset, length);
    case FALLOCATE.allocate:
      return k.functions.allocateRange(k, t, inode, offset, length, false);
    case FALLOCATE.allocateKeepSize:
      return k.functions.allocateRange(k, t, inode, offset, length, true);
    case FALLOCATE.collapseRange:
      return k.functions.collapseRange(k, t, inode, offset, length);
    case FALLOCATE.insertRange:
      return k.functions.insertRange(k, t, inode, offset, length);
    default:
      if (k.sb.type === 'ext4') return EOPNOTSUPP;
      // xfs_file_fallocate() allocates what it has unshared, and there may be nothing to unshare.
      if (k.sb.refcounts === null) {
        return k.functions.allocateRange(k, t, inode, offset, length, false);
      }
      return k.functions.unshareRange(k, t, inode, offset, length);
  }
}

/** The target of both is the file that gets blocks. */
function clone(k: Kernel, t: Task, op: Op, inode: Inode): number | Run<number> {
  const source = k.mm.fds[op.source] ?? null;
  if (source === null) return EBADF;
  if (k.sb.refcounts === null) return EOPNOTSUPP;
  return cloneFrom(k, t, op, inode, source);
}

function* cloneFrom(k: Kernel, t: Task, op: Op, inode: Inode, source: Inode): Run<number> {
  source.users++; // fget()
  const from = op.flags * k.program.geometry.pageSize;
  const { reflink, reflinkRange } = k.functions;
  const result =
    op.code === OP.reflink
      ? yield* reflink(k, t, inode, source)
      : yield* reflinkRange(k, t, inode, op.offset, source, from, op.length);
  source.users--;
  return result;
}

function open(k: Kernel, t: Task, op: Op): number | Run<number> {
  const inode = k.sb.inodes[op.source] as Inode;
  if (inode.isFreeing && k.sb.isMounted) return openAgain(k, t, op, inode);
  return openNow(k, op, inode);
}

function* openAgain(k: Kernel, t: Task, op: Op, inode: Inode): Run<number> {
  yield* waitOnFreeing(k, t, inode);
  return openNow(k, op, inode);
}

function openNow(k: Kernel, op: Op, inode: Inode): number {
  if (!k.sb.isMounted) return ENOENT;
  iget(k, inode);
  k.mm.fds[op.target] = inode;
  return op.target;
}

/** Models msync(2): per vma of the range, the file range behind it, as fdatasync does. */
export function* msync(k: Kernel, t: Task, op: Op): Run<number> {
  const { mmapLock } = k.mm;
  if (!mmapLock.tryRead(k, t)) yield* mmapLock.waitRead(k, t);
  const range = mappedRange(k, op);
  const parts: { inode: Inode; start: number; end: number }[] = [];
  let covered = 0;
  for (const vma of k.mm.vmas) {
    if (range === null || vma.end <= range.start || vma.start >= range.end) continue;
    const start = Math.max(vma.start, range.start);
    const end = Math.min(vma.end, range.end);
    covered += end - start;
    const first = vma.pgoff + start - vma.start;
    if (!vma.shared || (op.flags & MS_ASYNC) !== 0) continue; // MS_ASYNC looks, and does nothing
    parts.push({ inode: vma.inode, start: first, end: first + end - start });
    vma.inode.users++; // get_file()
  }
  mmapLock.upRead(k, t);
  for (const part of parts) traceSyncRange(k, t, part.inode, part.start, part.end);
  let error = 0;
  for (const part of parts) {
    error ||= yield* k.functions.vfsFsyncRange(k, t, part.inode, part.start, part.end, true);
    part.inode.users--;
  }
  if (error !== 0) return error;
  const whole = range !== null && covered === range.end - range.start;
  if (!whole && covered > 0) k.mark(MARK['msync:holes']);
  return whole ? 0 : ENOMEM;
}

/** Says which pages the call promises to make durable, should it return 0. */
function traceSyncRange(k: Kernel, t: Task, inode: Inode, start: number, end: number): void {
  k.trace.append(EVENT.sync_range, t.id, t.op, inode.ino, start, end - start);
}

function* pin(k: Kernel, t: Task, op: Op): Run<number> {
  const range = mappedRange(k, op, op.source);
  if (range === null) return EFAULT;
  return yield* k.functions.pinUserPages(k, t, op.target, range.start, range.end, op.flags);
}
