/**
 * Every execution of a litmus program on the fuzzer's machine (fuzzer-device.ts): all interleavings of
 * instructions and store-buffer drains, and at every prefix of every trace all crash states.
 *
 * Two ways to call the machine:
 *
 *     in order     each instruction is handed to Cpus when the program comes to it, as the kernel model does
 *     overtaking   loads may run ahead of write-backs, sfences and non-temporal stores that still wait;
 *                  those are then handed over later, in an order that the rules allow
 *
 * Cpus lets loads overtake plain stores by itself. It takes write-backs and fences at once, so that only
 * its caller can let a load overtake one of these.
 */
import { registerNames, registersIn } from '../../src/litmus/code.js';
import type { MachineOutcomes } from '../../src/litmus/machine.js';
import type { LitmusOp, LitmusProgram, MachineOptions, Value } from '../../src/litmus/program.js';
import { stateKey } from '../../src/litmus/program.js';
import { STORE } from '../../src/trace/event.js';
import { Device } from './fuzzer-device.js';

export interface FuzzerOptions extends MachineOptions {
  readonly loads: 'in order' | 'overtaking';
}

/** An instruction without a result, its operands read. */
interface Issued {
  readonly op: 'store' | 'ntstore' | 'clflush' | 'clflushopt' | 'clwb' | 'sfence';
  readonly location: string;
  readonly byte: number;
}

interface Thread {
  /** What is left of the program; never starts with an `if`. */
  rest: readonly LitmusOp[];
  readonly registers: Map<string, number>;
  /** Issued and not yet handed to Cpus, oldest first. */
  waiting: Issued[];
  /** What happened, apart from drains: with the trace, all that the thread's future depends on. */
  log: string;
}

/**
 * issue: the next instruction, at once (`index`: which part of a wide store). hold: it waits instead.
 * pass: hands over waiting[index]. drain: the oldest held store becomes visible.
 */
interface Step {
  readonly thread: number;
  readonly kind: 'issue' | 'hold' | 'pass' | 'drain';
  readonly index: number;
}

const isWeak = (op: string): boolean => op === 'clflushopt' || op === 'clwb';

function withoutResult(op: LitmusOp): op is Extract<LitmusOp, { op: Issued['op'] }> {
  return ['store', 'ntstore', 'clflush', 'clflushopt', 'clwb', 'sfence'].includes(op.op);
}

class Execution {
  private threads: Thread[] = [];
  private readonly lineOf = new Map<string, number>();

  constructor(
    private readonly program: LitmusProgram,
    private readonly options: FuzzerOptions,
    readonly device: Device,
  ) {
    program.lines.forEach((line, index) => line.forEach((name) => this.lineOf.set(name, index)));
  }

  reset(): void {
    this.device.reset();
    this.threads = this.program.threads.map((rest) => {
      const thread = { rest, registers: new Map<string, number>(), waiting: [], log: '' };
      this.settle(thread);
      return thread;
    });
  }

  key(): string {
    const threads = this.threads.map(({ log }, i) => `${log}:${this.device.cpus.heldStores(i)}`);
    return `${threads.join(' ')}|${this.device.key()}`;
  }

  registers(): Record<string, number> {
    const names = this.program.threads.map(registersIn);
    const values = names.flatMap((own, number) =>
      own.map((name) => this.threads[number]?.registers.get(name) ?? 0),
    );
    return Object.fromEntries(registerNames(names).map((name, i) => [name, values[i] ?? 0]));
  }

  steps(): Step[] {
    return this.threads.flatMap((thread, number) => {
      const steps: Step[] = [];
      const add = (kind: Step['kind'], index = 0): void => {
        steps.push({ thread: number, kind, index });
      };
      const op = thread.rest[0];
      if (op?.op === 'store_wide') op.parts.forEach((_, part) => add('issue', part));
      else if (op !== undefined) {
        if (this.canIssue(thread, number, op)) add('issue');
        if (this.canHold(thread, number, op)) add('hold');
      }
      thread.waiting.forEach((entry, i) => {
        if (!this.isBlocked(thread.waiting.slice(0, i), entry)) add('pass', i);
      });
      if (this.device.cpus.heldStores(number) > 0) add('drain');
      return steps;
    });
  }

  take({ thread: number, kind, index }: Step): void {
    const thread = this.threads[number] as Thread;
    if (kind === 'drain') {
      this.device.cpus.drainOldest(number);
      return;
    }
    if (kind === 'pass') {
      thread.log += `p${index}`;
      this.handOver(number, thread.waiting.splice(index, 1)[0] as Issued);
      return;
    }
    const [op, ...rest] = thread.rest as readonly [LitmusOp, ...LitmusOp[]];
    thread.rest = rest;
    if (op.op === 'store_wide') {
      const part = op.parts[index] as { loc: string; val: Value };
      const others = op.parts.filter((_, i) => i !== index);
      if (others.length > 0) thread.rest = [{ op: 'store_wide', parts: others }, ...rest];
      thread.rest = [{ op: 'store', ...part }, ...thread.rest];
      thread.log += `w${index}`;
    } else if (withoutResult(op)) {
      const issued = this.resolve(thread, op);
      thread.log += kind === 'hold' ? 'h' : 'i';
      if (kind === 'hold') thread.waiting.push(issued);
      else this.handOver(number, issued);
    } else {
      thread.log += `r${this.execute(number, thread, op)}`;
    }
    this.settle(thread);
  }

  private handOver(cpu: number, { op, location, byte }: Issued): void {
    if (op === 'store') this.device.store(cpu, location, byte);
    else if (op === 'ntstore') this.device.storeNow(cpu, location, byte, STORE.nonTemporal);
    else if (op === 'sfence') this.device.fence(cpu, 'sfence');
    else this.device.flush(cpu, location, op);
  }

  /** Instructions with a result, and mfence: gives the value read. */
  private execute(cpu: number, thread: Thread, op: LitmusOp): number {
    if (op.op === 'mfence') {
      this.device.fence(cpu, 'mfence');
      return 0;
    }
    if (op.op === 'load') return this.read(cpu, thread, op.loc, op.reg);
    if (op.op !== 'faa' && op.op !== 'xchg' && op.op !== 'cas')
      throw new Error(`not here: ${op.op}`);
    const seen = this.peek(cpu, thread, op.loc);
    const fails = op.op === 'cas' && seen !== this.valueOf(thread, op.exp);
    if (fails && !this.options.failedCasFences) return this.read(cpu, thread, op.loc, op.reg);
    this.device.locked(cpu);
    const operand = this.valueOf(thread, op.op === 'cas' ? op.new : op.val);
    const old = this.read(cpu, thread, op.loc, op.reg);
    if (fails) return old;
    const byte = this.device.values.byteOf(op.op === 'faa' ? old + operand : operand);
    this.device.storeNow(cpu, op.loc, byte, 0);
    return old;
  }

  private read(cpu: number, thread: Thread, location: string, register: string): number {
    const value = this.peek(cpu, thread, location);
    thread.registers.set(register, value);
    return value;
  }

  /** What a load would see now: the newest waiting store, else what Cpus says. */
  private peek(cpu: number, thread: Thread, location: string): number {
    const own = thread.waiting.filter(
      ({ op, location: to }) => to === location && (op === 'store' || op === 'ntstore'),
    );
    return this.device.values.valueOf(own.at(-1)?.byte ?? this.device.load(cpu, location));
  }

  private canIssue(thread: Thread, cpu: number, op: LitmusOp): boolean {
    if (withoutResult(op)) return !this.isBlocked(thread.waiting, this.resolve(thread, op));
    if (op.op === 'load' || thread.waiting.length === 0) return true;
    if (op.op !== 'cas' || this.options.failedCasFences) return false;
    return this.peek(cpu, thread, op.loc) !== this.valueOf(thread, op.exp);
  }

  /** Could it make a difference to wait? */
  private canHold(thread: Thread, cpu: number, op: LitmusOp): boolean {
    if (this.options.loads === 'in order' || !withoutResult(op)) return false;
    if (op.op === 'ntstore' || thread.waiting.length > 0) return true;
    return op.op !== 'store' && this.device.cpus.heldStores(cpu) > 0;
  }

  private isBlocked(older: readonly Issued[], entry: Issued): boolean {
    return older.some((other) => this.blocks(other, entry));
  }

  /** Must `older` be handed over before `entry`? Figure 3 of Px86; first come, first served is enough. */
  private blocks(older: Issued, entry: Issued): boolean {
    const sameLine = this.lineOf.get(older.location) === this.lineOf.get(entry.location);
    if (older.op === 'ntstore') return entry.op === 'sfence' || sameLine;
    if (isWeak(entry.op)) return older.op === 'sfence' || (sameLine && !isWeak(older.op));
    return true;
  }

  private resolve(thread: Thread, op: Extract<LitmusOp, { op: Issued['op'] }>): Issued {
    const byte = 'val' in op ? this.device.values.byteOf(this.valueOf(thread, op.val)) : 0;
    return { op: op.op, location: 'loc' in op ? op.loc : '', byte };
  }

  private valueOf(thread: Thread, value: Value): number {
    return typeof value === 'number' ? value : (thread.registers.get(value.reg) ?? 0);
  }

  /** Decides the branches that are next. */
  private settle(thread: Thread): void {
    for (let op = thread.rest[0]; op?.op === 'if'; op = thread.rest[0]) {
      const value = thread.registers.get(op.reg) ?? 0;
      const taken = op.eq === undefined ? value !== op.ne : value === op.eq;
      thread.rest = [...(taken ? op.then : []), ...thread.rest.slice(1)];
    }
  }
}

export function fuzzerOutcomes(program: LitmusProgram, options: FuzzerOptions): MachineOutcomes {
  const device = new Device(program, options);
  const execution = new Execution(program, options, device);
  const seen = new Set<string>();
  const states = new Set<string>();
  const registers = new Set<string>();
  const finalMemory = new Set<string>();
  const schedule: Step[] = [];

  /** The executions cannot be copied: each is played again from its start. */
  const visit = (): void => {
    execution.reset();
    for (const step of schedule.slice(0, -1)) execution.take(step);
    device.fold(null);
    const last = schedule.at(-1);
    if (last === undefined) device.crash(-1, states);
    else execution.take(last);
    device.fold(states);
    const key = execution.key();
    if (seen.has(key)) return;
    seen.add(key);
    const steps = execution.steps();
    if (steps.length === 0) {
      registers.add(stateKey(execution.registers()));
      finalMemory.add(stateKey(device.contents()));
    }
    for (const step of steps) {
      schedule.push(step);
      visit();
      schedule.pop();
    }
  };
  visit();
  const postCrash = new Set([...states].map((state) => stateKey(device.memoryOf(state))));
  return { postCrash, registers, finalMemory };
}
