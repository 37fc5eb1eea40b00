/**
 * The CPUs of the emulated machine between software and trace: one store buffer each (total store order),
 * and the emission of every persistency event in the order in which it becomes visible.
 *
 * A user store waits in its CPU's buffer until something drains it; the scheduler may hold it there. All
 * else happens at once: flushes take effect where they are issued, after the older stores to the same line
 * (clflush: after all older stores), fences and kernel stores after all older ones. A write-back that waits
 * in the buffer only covers more, and a cut before it completes cannot be told from a cut before it was
 * issued (the synchronous reading of Khyzha and Lahav, POPL 2021), so the earliest moment is the weakest
 * promise.
 *
 * What that loses is loads: on hardware a younger load overtakes a write-back, an sfence or a non-temporal
 * store together with the stores that these wait for; here those are visible by then. Programs do not
 * decide by what they load, so no crash state of theirs depends on it. Non-temporal stores also keep their
 * place, where hardware lets younger stores and perhaps clflush overtake them; kernel code, which alone
 * issues them, never uses clflush. Litmus tests, which do decide, measure what is lost
 * (test/litmus/fuzzer-machine.test.ts).
 *
 * What survives a power failure is not decided here: the CPUs do not know that power can fail.
 */
import { assert } from '../support/assert.js';
import { LINE_SIZE } from '../support/units.js';
import { EVENT, FENCE, FLUSH, NO_INO, STORE } from '../trace/event.js';
import type { Data, Trace } from '../trace/trace.js';
import { fillData, poolData } from '../trace/trace.js';

/** Stores that a buffer holds; the next one drains the oldest. Hardware has 40 to 70. */
const BUFFER_CAPACITY = 8;
/** Integers of one buffered store: address, length, fill byte, op, ino, offset, issued. */
const ENTRY = 7;

class StoreBuffer {
  readonly entries = new Int32Array(BUFFER_CAPACITY * ENTRY);
  count = 0;

  shift(): void {
    this.entries.copyWithin(0, ENTRY, this.count * ENTRY);
    this.count--;
  }
}

export class Cpus {
  private readonly buffers: StoreBuffer[];
  /** CPUs with write-backs or non-temporal stores that no fence has completed yet. */
  private readonly outstanding: Uint8Array;

  constructor(
    private readonly trace: Trace,
    cpuCount: number,
  ) {
    this.buffers = Array.from({ length: cpuCount }, () => new StoreBuffer());
    this.outstanding = new Uint8Array(cpuCount);
  }

  /** What loads see: the coherent contents of device memory. */
  memory: Uint8Array = new Uint8Array(0);
  /** Told before a range of memory changes, so that it can be set up again cheaply. */
  onWrite: (address: number, length: number) => void = () => undefined;

  /** Locked instructions so far: what changes without an event changes under one. */
  lockedInstructions = 0;

  reset(memory: Uint8Array): void {
    this.lockedInstructions = 0;
    this.memory = memory;
    for (const buffer of this.buffers) buffer.count = 0;
    this.outstanding.fill(0);
  }

  /** Stores of this CPU that are not visible yet. */
  heldStores(cpu: number): number {
    return this.bufferOf(cpu).count;
  }

  /** A user store of one repeated byte, within one cache line. It stays in the buffer until drained. */
  store(
    cpu: number,
    op: number,
    address: number,
    length: number,
    byte: number,
    ino: number,
    offset: number,
  ): void {
    assert(
      (address ^ (address + length - 1)) < LINE_SIZE,
      'a buffered store must not cross a line',
    );
    const buffer = this.bufferOf(cpu);
    if (buffer.count === BUFFER_CAPACITY) this.drainOldest(cpu);
    const at = buffer.count * ENTRY;
    buffer.entries[at] = address;
    buffer.entries[at + 1] = length;
    buffer.entries[at + 2] = byte;
    buffer.entries[at + 3] = op;
    buffer.entries[at + 4] = ino;
    buffer.entries[at + 5] = offset;
    // The position in program order: events appended from now on come after the store was issued.
    buffer.entries[at + 6] = this.trace.length;
    buffer.count++;
  }

  /** Lets the oldest held store become visible. */
  drainOldest(cpu: number): void {
    const buffer = this.bufferOf(cpu);
    const e = buffer.entries;
    const address = e[0] as number;
    const length = e[1] as number;
    this.onWrite(address, length);
    this.memory.fill(e[2] as number, address, address + length);
    this.trace.append(
      EVENT.store,
      cpu,
      e[3] as number,
      address,
      length,
      fillData(e[2] as number),
      0,
      e[4],
      e[5],
      e[6],
    );
    buffer.shift();
  }

  drain(cpu: number): void {
    while (this.bufferOf(cpu).count > 0) this.drainOldest(cpu);
  }

  /** A store that is visible at once: by the kernel or a device. `how` has STORE bits. */
  storeNow(
    cpu: number,
    op: number,
    address: number,
    length: number,
    byte: number,
    how: number,
    ino: number,
    offset: number,
  ): void {
    this.storeData(cpu, op, address, length, fillData(byte), how, ino, offset);
  }

  /** The same with any bytes. */
  storeData(
    cpu: number,
    op: number,
    address: number,
    length: number,
    data: Data,
    how: number,
    ino: number,
    offset: number,
  ): void {
    if ((this.buffers[cpu]?.count ?? 0) > 0) this.drain(cpu);
    this.onWrite(address, length);
    if (data < 0) this.memory.fill(-1 - data, address, address + length);
    else this.memory.set(this.trace.pool.subarray(data, data + length), address);
    const issued = this.trace.length;
    this.trace.append(EVENT.store, cpu, op, address, length, data, how, ino, offset, issued);
    if ((how & STORE.nonTemporal) !== 0) this.outstanding[cpu] = 1;
  }

  /** A kernel store of bytes that are elsewhere in device memory: they are nobody's until they are mapped. */
  copyNow(cpu: number, op: number, from: number, to: number, length: number, how: number): void {
    this.drain(cpu);
    this.onWrite(to, length);
    this.memory.copyWithin(to, from, from + length);
    const data = poolData(this.trace, this.memory.subarray(to, to + length), length);
    const issued = this.trace.length;
    this.trace.append(EVENT.store, cpu, op, to, length, data, how, NO_INO, 0, issued);
    if ((how & STORE.nonTemporal) !== 0) this.outstanding[cpu] = 1;
  }

  /** A kernel store of bytes that are in the trace's pool already: nobody's, such as metadata. */
  writeNow(
    cpu: number,
    op: number,
    address: number,
    data: number,
    length: number,
    how: number,
  ): void {
    this.drain(cpu);
    this.onWrite(address, length);
    this.memory.set(this.trace.pool.subarray(data, data + length), address);
    const issued = this.trace.length;
    this.trace.append(EVENT.store, cpu, op, address, length, data, how, NO_INO, 0, issued);
    if ((how & STORE.nonTemporal) !== 0) this.outstanding[cpu] = 1;
  }

  /** Reads as this CPU does: its own held stores first, then memory. Appends to the trace's pool. */
  load(cpu: number, address: number, length: number): Data {
    const data = this.trace.appendBytes(this.memory, address, length) as Data;
    const buffer = this.buffers[cpu];
    for (let i = 0; i < (buffer?.count ?? 0); i++) this.forward(cpu, i, address, length, data);
    return data;
  }

  /**
   * Writes back the lines of a range. The older stores of this CPU to those lines go first; clflush is
   * ordered after those to every line.
   */
  flush(cpu: number, op: number, address: number, length: number, how: number = FLUSH.clwb): void {
    const first = address & -LINE_SIZE;
    const end = (address + length + LINE_SIZE - 1) & -LINE_SIZE;
    if (how === FLUSH.clflush) this.drain(cpu);
    while (this.holdsStoreTo(cpu, first, end)) this.drainOldest(cpu);
    this.trace.append(EVENT.flush, cpu, op, first, end - first, how);
    this.outstanding[cpu] = 1;
  }

  fence(cpu: number, op: number, how: number): void {
    this.drain(cpu);
    this.trace.append(EVENT.fence, cpu, op, how);
    this.outstanding[cpu] = 0;
  }

  /** A locked instruction: drains, and fences if there is anything to fence. */
  locked(cpu: number, op: number): void {
    this.lockedInstructions++;
    if (this.bufferOf(cpu).count > 0) this.drain(cpu);
    if (this.outstanding[cpu] !== 0) this.fence(cpu, op, FENCE.locked);
  }

  /** The CPU has issued something that only a fence completes (a journal record). */
  markOutstanding(cpu: number): void {
    this.outstanding[cpu] = 1;
  }

  private bufferOf(cpu: number): StoreBuffer {
    return this.buffers[cpu] as StoreBuffer;
  }

  private holdsStoreTo(cpu: number, first: number, end: number): boolean {
    const buffer = this.bufferOf(cpu);
    for (let i = 0; i < buffer.count; i++) {
      const address = buffer.entries[i * ENTRY] as number;
      if (address >= first && address < end) return true;
    }
    return false;
  }

  private forward(cpu: number, index: number, address: number, length: number, data: number): void {
    const e = this.bufferOf(cpu).entries;
    const from = e[index * ENTRY] as number;
    const low = Math.max(from, address);
    const high = Math.min(from + (e[index * ENTRY + 1] as number), address + length);
    for (let a = low; a < high; a++) {
      this.trace.pool[data + a - address] = e[index * ENTRY + 2] as number;
    }
  }
}
