/**
 * Wraps the functions of a kernel variant that is not ours, and those that it is given, so that its mistakes
 * are told with their place: what they throw, a call without `yield*`, a `yield` where nobody asked to stop.
 */
import { Defect, messageOf, UsageError } from '../support/assert.js';
import type { KernelFunctions } from './functions.js';
import type { Kernel } from './kernel.js';
import { withPlace } from './module.js';
import type { Run } from './types.js';

type Table = KernelFunctions<Kernel>;
type Call = (...parameters: unknown[]) => unknown;

/** Those that may not sleep; all others give a Run. */
const PLAIN: ReadonlySet<string> = new Set<keyof Table>([
  'wakeEntry',
  'daxFaultIsSynchronous',
  'tagPagesForWriteback',
  'daxZeroRange',
  'daxIomapCopyAround',
  'freeBlocks',
  'endCow',
  'markInodeDirty',
  'requeueInode',
  'memcpyFlushcache',
  'nvdimmFlush',
]);

const isRun = (value: unknown): value is Run<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value && 'next' in value;

const isGenerator = (value: unknown): boolean =>
  typeof value === 'function' && value.constructor.name === 'GeneratorFunction';

export class Guard {
  /** The variant's function that was entered last. */
  inside = '';
  /** Calls of functions that sleep of which nobody has taken the first step. */
  private readonly unstarted = new Set<{ readonly name: string }>();

  constructor(private readonly file: string) {}

  /** An execution begins. */
  begin(): void {
    this.inside = '';
    if (this.unstarted.size > 0) this.unstarted.clear();
  }

  /**
   * An execution has ended.
   * @throws UsageError when something that the variant called was never run.
   */
  end(): void {
    for (const { name } of this.unstarted) {
      throw this.wrong(`it calls ${name}() without running it; write "yield* ${name}(...)"`);
    }
  }

  /**
   * What a variant's functions may call, with those that sleep counted until they are run: a call without
   * `yield*` does nothing, and nobody would see it.
   */
  tracked<T extends object>(given: T): T {
    const wrapped = Object.entries(given).map(([name, value]: [string, unknown]) => {
      const sleeps = isGenerator(value) || (typeof value === 'function' && name === 'daxWritePage');
      return [name, sleeps ? this.track(name, value as Call) : value];
    });
    return Object.freeze(Object.fromEntries(wrapped)) as T;
  }

  /**
   * The functions of a variant, each with its mistakes told as such.
   * @throws UsageError for what is no function that can be replaced.
   */
  guarded(replaced: unknown, known: Table): Partial<Table> {
    if (typeof replaced !== 'object' || replaced === null || Object.keys(replaced).length === 0) {
      throw this.wrong('functions() gives no object of functions');
    }
    const wrapped = Object.entries(replaced).map(([name, value]: [string, unknown]) => {
      if (!Object.hasOwn(known, name)) {
        throw this.wrong(`"${name}" is no function of src/kernel/functions.ts`);
      }
      if (typeof value !== 'function') throw this.wrong(`"${name}" is no function`);
      const own = value as Call;
      return [name, PLAIN.has(name) ? this.plain(name, own) : this.sleeping(name, own)];
    });
    return Object.fromEntries(wrapped) as Partial<Table>;
  }

  private track(name: string, call: Call): Call {
    const { unstarted } = this;
    return (...parameters) => {
      const token = { name };
      unstarted.add(token);
      return (function* (): Run<unknown> {
        unstarted.delete(token);
        return yield* call(...parameters) as Run<unknown>;
      })();
    };
  }

  private plain(name: string, own: Call): Call {
    return (...parameters) => {
      this.inside = name;
      try {
        const result = own(...parameters);
        if (isRun(result)) throw this.wrong(`${name} may not sleep: it must be no generator`);
        return result;
      } catch (error) {
        throw this.located(name, error);
      }
    };
  }

  private sleeping(name: string, own: Call): Call {
    const guard = (): Guard => this;
    return function* (...parameters: unknown[]): Run<unknown> {
      const k = parameters[0] as Kernel;
      const self = guard();
      self.inside = name;
      try {
        const run = own(...parameters);
        if (!isRun(run)) throw self.wrong(`${name} must be a generator: write "*${name}(...)"`);
        for (;;) {
          const step = run.next();
          if (step.done === true) return step.value;
          if (!k.stopped) {
            throw self.wrong(
              `${name} yields where nothing asked it to stop; write "if (k.preempt(t, POINT[...])) yield;"`,
            );
          }
          yield;
          self.inside = name;
        }
      } catch (error) {
        throw self.located(name, error);
      }
    };
  }

  private located(name: string, error: unknown): UsageError {
    if (error instanceof UsageError) return error;
    return error instanceof Defect
      ? this.wrong(`${name} does what the model excludes: ${messageOf(error)}`)
      : this.wrong(`${name} throws ${withPlace(error, this.file)}`);
  }

  private wrong(what: string): UsageError {
    return new UsageError(`${this.file}: ${what}`);
  }
}
