/** What blocks of the device hold in the middle of a trace: needed only where blocks change hands. */
import { GUEST_PAGE_BYTES } from './guest-program.js';
import { RECORD } from './protocol.js';
import type { RawTrace } from './records.js';

/** The bytes of a block before a record; `content` is the device when the trace began. */
export function blockContent(
  content: Uint8Array,
  raw: RawTrace,
  block: number,
  before: number,
): Uint8Array {
  const start = block * GUEST_PAGE_BYTES;
  const bytes = content.slice(start, start + GUEST_PAGE_BYTES);
  for (let record = 0; record < before; record++) {
    if (raw.kind(record) !== RECORD.store) continue;
    const from = raw.number(record) - start;
    const size = raw.size(record);
    if (from + size <= 0 || from >= bytes.length) continue;
    for (let index = Math.max(0, -from); index < size && from + index < bytes.length; index++) {
      bytes[from + index] = raw.value(record, index);
    }
  }
  return bytes;
}
