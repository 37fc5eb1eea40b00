/** Raw traces written by hand, in the plugin's form. */
import { RECORD_BYTES } from '../../src/qemu/protocol.js';
import { RawTrace } from '../../src/qemu/records.js';

export interface RawRecord {
  readonly kind: number;
  readonly cpu?: number;
  readonly size?: number;
  readonly how?: number;
  readonly number?: number;
  readonly pc?: bigint;
  readonly low?: bigint;
  readonly high?: bigint;
  /** What a store writes, instead of `low` and `high`. */
  readonly bytes?: readonly number[];
}

export function rawTrace(records: readonly RawRecord[]): RawTrace {
  const bytes = new Uint8Array(records.length * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  records.forEach((record, index) => {
    const at = index * RECORD_BYTES;
    bytes.set([record.kind, record.cpu ?? 0, record.size ?? 0, record.how ?? 0], at);
    view.setUint32(at + 4, record.number ?? 0, true);
    view.setBigUint64(at + 8, record.pc ?? 0n, true);
    view.setBigInt64(at + 16, record.low ?? 0n, true);
    view.setBigUint64(at + 24, record.high ?? 0n, true);
    bytes.set(record.bytes ?? [], record.bytes === undefined ? 0 : at + 16);
  });
  return new RawTrace(bytes, records.length);
}
