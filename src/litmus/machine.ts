/**
 * The machine of the litmus tests: threads with store buffers before a shared memory, as Px86 defines them
 * (Px86_sim), run in every possible order. Written for litmus tests alone, from the published rules; the
 * fuzzer's own machine and crash states are elsewhere.
 *
 * States are explored as a graph, each once. Power may fail in any of them.
 */
import { at, UsageError } from '../support/assert.js';
import { thousands } from '../support/words.js';
import { registerNames } from './code.js';
import { Locations } from './locations.js';
import { Memory } from './memory.js';
import type { LitmusProgram, MachineOptions, Outcomes } from './program.js';
import { stateKey } from './program.js';
import { Thread } from './thread.js';

export interface MachineOutcomes extends Outcomes {
  /** Memories that runs without a crash end with, as loads would see them. */
  readonly finalMemory: ReadonlySet<string>;
}

/** Beyond these the program is refused, not half explored. */
const STATES_MAX = 5_000_000;
const OUTCOMES_MAX = 1_000_000;

/** The states of all threads. */
interface Joint {
  readonly states: readonly number[];
  /** States of memory with which it was reached. */
  readonly memories: Set<number>;
}

/**
 * Everything that the program can leave on the machine.
 * @throws UsageError when that is too much, or not computable with doubles.
 */
export function runMachine(
  program: LitmusProgram,
  options: MachineOptions,
  statesMax = STATES_MAX,
): MachineOutcomes {
  return new Exploration(program, options, statesMax).run();
}

class Exploration {
  private readonly locations: Locations;
  private readonly threads: readonly Thread[];
  private readonly memory: Memory;
  private readonly registerNames: readonly string[];
  private readonly joints = new Map<string, Joint>();
  private readonly pending: { readonly joint: Joint; readonly memory: number }[] = [];
  private states = 0;
  private readonly registers = new Set<string>();
  private readonly finalMemory = new Set<string>();

  constructor(
    program: LitmusProgram,
    options: MachineOptions,
    private readonly statesMax: number,
  ) {
    this.locations = new Locations(program);
    const { failedCasFences } = options;
    this.threads = program.threads.map((ops) => new Thread(ops, this.locations, failedCasFences));
    this.memory = new Memory(this.locations, options);
    this.registerNames = registerNames(this.threads.map((thread) => thread.registerNames));
  }

  run(): MachineOutcomes {
    this.visit(this.joint(this.threads.map(({ start }) => start)), this.memory.start);
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      this.expand(next.joint, next.memory);
    }
    const { registers, finalMemory } = this;
    return { postCrash: this.postCrash(), registers, finalMemory };
  }

  private visit(joint: Joint, memory: number): void {
    if (joint.memories.has(memory)) return;
    if (++this.states > this.statesMax) {
      throw new UsageError(
        `more than ${thousands(this.statesMax)} states; make the program smaller`,
      );
    }
    joint.memories.add(memory);
    this.pending.push({ joint, memory });
  }

  private joint(states: readonly number[]): Joint {
    const key = states.join();
    const known = this.joints.get(key);
    if (known !== undefined) return known;
    const joint = { states, memories: new Set<number>() };
    this.joints.set(key, joint);
    return joint;
  }

  private expand(joint: Joint, memory: number): void {
    let ended = true;
    joint.states.forEach((state, index) => {
      const thread = at(this.threads, index);
      if (!thread.ended(state)) ended = false;
      for (const { reads, step } of thread.moves(state)) {
        const taken = step(reads === null ? 0 : this.memory.visible(memory, reads));
        if (taken === null) continue;
        const { effect, next } = taken;
        const after = effect === null ? memory : this.memory.apply(memory, effect);
        this.visit(
          this.joint(joint.states.map((old, other) => (other === index ? next : old))),
          after,
        );
      }
    });
    if (ended) this.end(joint.states, memory);
  }

  private end(states: readonly number[], memory: number): void {
    const registers = states.flatMap((state, index) => at(this.threads, index).registers(state));
    this.registers.add(keyed(this.registerNames, registers));
    this.finalMemory.add(keyed(this.locations.names, this.memory.allVisible(memory)));
  }

  /** The union of the products of what may survive of each unit. */
  private postCrash(): Set<string> {
    const found = new Set<string>();
    const check = (count: number): void => {
      if (count <= OUTCOMES_MAX) return;
      throw new UsageError(
        `more than ${thousands(OUTCOMES_MAX)} memories after a crash; make the program smaller`,
      );
    };
    for (const survivors of this.memory.withDistinctSurvivors()) {
      // The elements of one product differ, so its size alone may be too much.
      check(survivors.reduce((count, contents) => count * contents.length, 1));
      for (const contents of product(survivors)) found.add(contents.join());
      check(found.size);
    }
    const memories = [...found].map((contents) => this.memory.valuesOf(contents.split(',')));
    return new Set(memories.map((values) => keyed(this.locations.names, values)));
  }
}

/** All ways to take one element of each list. */
function* product<T>(lists: readonly (readonly T[])[]): Generator<readonly T[]> {
  const places = lists.map(() => 0);
  for (;;) {
    yield lists.map((list, index) => at(list, at(places, index)));
    let digit = 0;
    while (digit < lists.length && at(places, digit) === at(lists, digit).length - 1) {
      places[digit++] = 0;
    }
    if (digit === lists.length) return;
    places[digit] = at(places, digit) + 1;
  }
}

function keyed(names: readonly string[], values: readonly number[]): string {
  return stateKey(Object.fromEntries(names.map((name, index) => [name, at(values, index)])));
}
