/**
 * The fuzzer's own machine under a litmus program: Cpus writes a trace, PersistHistory folds it, and
 * crash/ lists what may survive each cut. Here locations become aligned words of one file's blocks, a cache
 * line each line of the program, and values become bytes: the machine's stores repeat one byte.
 */
import assert from 'node:assert/strict';
import { allPlans } from '../../src/crash/enumerate.js';
import { buildImage } from '../../src/crash/plan.js';
import type { LitmusProgram, MachineOptions } from '../../src/litmus/program.js';
import { Cpus } from '../../src/machine/cpus.js';
import { Image } from '../../src/media/image.js';
import type { Layout } from '../../src/media/layout.js';
import { freshDisk } from '../../src/media/fresh.js';
import { layoutOf } from '../../src/media/layout.js';
import { PersistHistory } from '../../src/persistency/history.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { LINE_SIZE, WORD_SIZE } from '../../src/support/units.js';
import { EVENT, FENCE, FLUSH, STORE } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';

const OP = 0;
const INO = 0;

/** Names values by bytes; 0 is 0, so that memory of zeros reads as such. */
class Values {
  private readonly values = [0];

  byteOf(value: number): number {
    const known = this.values.indexOf(value);
    if (known >= 0) return known;
    assert.ok(this.values.length < 256, 'more values than bytes');
    return this.values.push(value) - 1;
  }

  valueOf(byte: number): number {
    return this.values[byte] as number;
  }
}

export class Device {
  readonly trace = new Trace();
  readonly cpus: Cpus;
  readonly values = new Values();
  private readonly history = new PersistHistory(new Image());
  private readonly files: Program;
  private readonly layout: Layout;
  private readonly memory: Uint8Array;
  private readonly addresses = new Map<string, number>();
  /** Events that the history has seen. */
  private folded = 0;
  /** The part of the trace that the future depends on: see `place`. */
  private readonly lineEvents: string[];
  private readonly cpuEvents: string[];

  constructor(
    private readonly litmus: LitmusProgram,
    private readonly options: MachineOptions,
  ) {
    const pages = litmus.lines.length;
    this.files = parseProgram(
      `geometry page ${LINE_SIZE} pmd 2 file-pages ${pages} blocks ${pages}\n` +
        `file a pages ${pages} allocated ${pages}\nt0: sync()\n`,
    );
    this.layout = layoutOf(this.files.geometry, 1);
    this.memory = new Uint8Array(this.layout.mediaBytes);
    this.cpus = new Cpus(this.trace, litmus.threads.length);
    litmus.lines.forEach((line, index) => {
      line.forEach((location, word) => {
        const address = this.layout.dataStart + index * LINE_SIZE + word * WORD_SIZE;
        this.addresses.set(location, address);
      });
    });
    this.lineEvents = litmus.lines.map(() => '');
    this.cpuEvents = litmus.threads.map(() => '');
  }

  /** Back to the start: the initial values are durable and nothing is held. */
  reset(): void {
    this.trace.clear();
    this.memory.fill(0);
    this.cpus.reset(this.memory);
    const { persistency, domain } = this.options;
    this.history.reset(freshDisk(this.files), this.trace, { persistency, domain });
    for (const [location, value] of Object.entries(this.litmus.init)) {
      if (value === 0) continue;
      this.storeNow(0, location, this.values.byteOf(value), 0);
      this.flush(0, location, 'clflush');
    }
    this.cpus.fence(0, OP, FENCE.sfence);
    this.folded = 0;
    this.fold(null);
    this.lineEvents.fill('');
    this.cpuEvents.fill('');
  }

  store(cpu: number, location: string, byte: number): void {
    assert.ok(this.cpus.heldStores(cpu) < 8, 'a full buffer would drain by itself');
    this.cpus.store(cpu, OP, this.addressOf(location), WORD_SIZE, byte, INO, 0);
  }

  storeNow(cpu: number, location: string, byte: number, how: number): void {
    this.cpus.storeNow(cpu, OP, this.addressOf(location), WORD_SIZE, byte, how, INO, 0);
  }

  flush(cpu: number, location: string, how: keyof typeof FLUSH): void {
    this.cpus.flush(cpu, OP, this.addressOf(location), WORD_SIZE, FLUSH[how]);
  }

  fence(cpu: number, how: keyof typeof FENCE): void {
    this.cpus.fence(cpu, OP, FENCE[how]);
  }

  /** A locked instruction up to its read. */
  locked(cpu: number): void {
    this.cpus.locked(cpu, OP);
  }

  load(cpu: number, location: string): number {
    const data = this.cpus.load(cpu, this.addressOf(location), WORD_SIZE);
    return this.wordAt(this.trace.pool, data);
  }

  /** Folds what is new in the trace; after each event, every crash state goes into `states`. */
  fold(states: Set<string> | null): void {
    for (; this.folded < this.trace.length; this.folded++) {
      this.history.apply(this.folded);
      this.place(this.folded);
      if (states !== null) this.crash(this.folded, states);
    }
  }

  /** Every memory that a power failure at this point can leave, as bytes in order of the locations. */
  crash(cut: number, states: Set<string>): void {
    for (const plan of allPlans(this.history, cut)) {
      const image = buildImage(this.history, plan);
      const bytes = [...this.addresses.values()].map((address) => this.wordAt(image, address));
      states.add(bytes.join());
    }
  }

  /** What loads see once nothing is held. */
  contents(): Record<string, number> {
    const words = [...this.addresses].map(([name, at]): [string, number] => [
      name,
      this.values.valueOf(this.wordAt(this.memory, at)),
    ]);
    return Object.fromEntries(words);
  }

  /** The values behind an element of `crash`. */
  memoryOf(state: string): Record<string, number> {
    const bytes = state.split(',').map(Number);
    const names = [...this.addresses.keys()];
    return Object.fromEntries(
      names.map((name, i) => [name, this.values.valueOf(bytes[i] as number)]),
    );
  }

  /** Two traces with equal keys are equal but for the order of events that do not touch each other. */
  key(): string {
    return `${this.lineEvents.join('/')}|${this.cpuEvents.join('/')}`;
  }

  /**
   * What an event changes depends on the older ones of its line, and for a fence on the write-backs and
   * non-temporal stores of its CPU: these orders are kept, all others forgotten.
   */
  private place(event: number): void {
    const cpu = this.trace.task(event);
    const kind = this.trace.kind(event);
    if (kind === EVENT.fence) {
      const before = this.cpuEvents[cpu] as string;
      if (before !== '' && !before.endsWith('F')) this.cpuEvents[cpu] = `${before}F`;
      return;
    }
    const address = this.trace.argument(event, 0);
    const how = this.trace.argument(event, kind === EVENT.flush ? 2 : 3);
    const line = Math.floor((address - this.layout.dataStart) / LINE_SIZE);
    const text =
      kind === EVENT.flush
        ? `f${how}`
        : `s${(address % LINE_SIZE) / WORD_SIZE}=${this.trace.argument(event, 2)}`;
    const ofCpu = kind === EVENT.flush ? how !== FLUSH.clflush : (how & STORE.nonTemporal) !== 0;
    this.lineEvents[line] = `${this.lineEvents[line]}${text}${ofCpu ? `@${cpu}` : ''} `;
    if (ofCpu) this.cpuEvents[cpu] = `${this.cpuEvents[cpu]}${line} `;
  }

  private addressOf(location: string): number {
    const address = this.addresses.get(location);
    assert.ok(address !== undefined, `no line holds ${location}`);
    return address;
  }

  /** A word is never torn: its eight bytes are those of one store. */
  private wordAt(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    for (let i = 1; i < WORD_SIZE; i++) assert.equal(bytes[at + i], byte, 'a torn word');
    return byte;
  }
}
