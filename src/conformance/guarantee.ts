/**
 * Which bytes of the files no power failure can change at some point of a trace. A byte is sure if every
 * crash state shows it as it is: the one that kept nothing but what is durable for certain, the one that
 * kept everything, and each prefix of what is pending in its own cache line. Between them those decide all
 * survivor sets, but for metadata of which a part survives, and that only where some is pending.
 *
 * On an opaque disk the two images are mounted; what a block map on media says, only a mount tells.
 */
import type { ShortUnit } from '../crash/plan.js';
import type { RecoveredFiles } from '../media/disk.js';
import { blockAddress, HOLE } from '../media/layout.js';
import type { JudgeState } from '../oracle/state.js';
import { NO_RECORD } from '../persistency/history.js';
import { AT } from '../trace/event.js';
import { dataByte } from '../trace/trace.js';
import type { FileState, SureFile } from './observation.js';

interface Kept {
  size: boolean;
  readonly bytes: Uint8Array;
}

/** What is sure of the files after `event`, up to which `state` has been folded; a string: not recovered. */
export function sureFiles(
  state: JudgeState,
  event: number,
  files: readonly FileState[],
): SureFile[] | string {
  const sure = files.map(({ size }) => ({ size: true, bytes: new Uint8Array(size).fill(1) }));
  for (const { version, short } of extremes(state)) {
    const recovered = state.recover({ cut: event, version, short });
    if (typeof recovered === 'string') return recovered;
    files.forEach((file, ino) => keepEqual(sure[ino] as Kept, file, recovered, ino, state));
  }
  files.forEach((file, ino) => dropPending(state, sure[ino] as Kept, file, ino));
  return sure;
}

interface Extreme {
  readonly version: number;
  readonly short: ShortUnit[];
}

/** The least and, where more than the content of files is pending, the most that can survive. */
function extremes(state: JudgeState): Extreme[] {
  const { history, view } = state;
  const { durable, visible } = history.versions;
  const pending = history.pending();
  const least = pending.map((unit) => ({ unit, kept: history.durable[unit] as number }));
  const isOwned = (unit: number): boolean => (view.owner[history.blockOfUnit(unit)] ?? -1) >= 0;
  const moreThanContent = durable < visible || !pending.every(isOwned);
  const found: Extreme[] = [];
  for (let version = durable; version <= visible; version++) {
    found.push({ version, short: least });
    if (moreThanContent) found.push({ version, short: [] });
  }
  return found;
}

function keepEqual(
  sure: Kept,
  { size, content }: FileState,
  recovered: RecoveredFiles,
  ino: number,
  { layout }: JudgeState,
): void {
  const { pageSize } = layout.geometry;
  const found = recovered.sizeOf(ino);
  sure.size &&= found === size;
  sure.bytes.fill(0, Math.min(found, size));
  for (let from = 0; from < Math.min(found, size); from += pageSize) {
    const to = Math.min(from + pageSize, found, size);
    if (isZero(content, from, to) && recovered.isZero(ino, from, to)) continue;
    for (let offset = from; offset < to; offset++) {
      if (recovered.byteOf(ino, offset) !== content[offset]) sure.bytes[offset] = 0;
    }
  }
}

function isZero(content: Uint8Array, from: number, to: number): boolean {
  for (let offset = from; offset < to; offset++) if (content[offset] !== 0) return false;
  return true;
}

/** Without the bytes that some prefix of what is pending in their line would leave different. */
function dropPending(state: JudgeState, sure: Kept, { content }: FileState, ino: number): void {
  const { history, view, layout } = state;
  if (history.pendingUnits === 0) return;
  const { pageSize } = layout.geometry;
  for (let page = 0; page * pageSize < content.length; page++) {
    const block = view.blocks[view.pageIndex(ino, page)] as number;
    if (block === HOLE || (history.pendingInBlock[block] as number) === 0) continue;
    const start = blockAddress(layout, block);
    const first = history.unitOfAddress(start);
    const end = history.unitOfAddress(start + pageSize);
    for (let unit = first; unit < end; unit++) {
      dropPendingUnit(state, sure, content, unit, page * pageSize - start);
    }
  }
}

/** `toOffset` makes of an address of the device an offset in the file. */
function dropPendingUnit(
  { history, trace }: JudgeState,
  sure: Kept,
  content: Uint8Array,
  unit: number,
  toOffset: number,
): void {
  if (history.visible[unit] === history.durable[unit]) return;
  const unitStart = unit << history.unitShift;
  const unitEnd = (unit + 1) << history.unitShift;
  let record = history.firstPending(unit);
  for (; record !== NO_RECORD; record = history.recordNext[record] as number) {
    const event = history.recordEvent[record] as number;
    const address = trace.argument(event, AT.store.address);
    const data = trace.argument(event, AT.store.data);
    const end = Math.min(unitEnd, address + trace.argument(event, AT.store.length));
    for (let at = Math.max(unitStart, address); at < end; at++) {
      const offset = at + toOffset;
      if (dataByte(trace, data, at - address) !== content[offset]) sure.bytes[offset] = 0;
    }
  }
}
