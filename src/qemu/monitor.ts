/** QEMU's monitor (QMP), synchronously: commands go into its standard input, answers are read from a file. */
import { performance } from 'node:perf_hooks';
import type { Writable } from 'node:stream';
import { EnvironmentError } from '../support/assert.js';
import { nap } from './control.js';

const NAP_MS = 1;
/** QEMU answers in less than a millisecond, but a machine may be busy. */
const LIMIT_MS = 30_000;

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

interface Migration {
  readonly status?: string;
  readonly 'error-desc'?: string;
}

/** States in which a migration stays. */
const OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

export class Monitor {
  private asked = 0;

  /** `answers` gives all that QEMU has written so far. */
  constructor(
    private readonly commands: Writable,
    private readonly answers: () => string,
    private readonly isAlive: () => boolean,
  ) {
    // A QEMU that has ended is noticed by the answer that does not come.
    commands.on('error', () => undefined);
  }

  /** Writes the state of the devices; memory stays in its file. @throws EnvironmentError */
  save(file: string): void {
    this.begin();
    this.ask('migrate', { uri: `file:${file}` });
    this.untilMigrated();
  }

  /** Loads what `save` has written, and lets the guest go on. @throws EnvironmentError */
  load(file: string): void {
    this.begin();
    this.ask('migrate-incoming', { uri: `file:${file}` });
    this.untilMigrated();
  }

  private begin(): void {
    this.ask('qmp_capabilities');
    const capability = 'x-ignore-shared';
    this.ask('migrate-set-capabilities', { capabilities: [{ capability, state: true }] });
  }

  /** @throws EnvironmentError when QEMU refuses, or does not answer. */
  private ask(execute: string, words: object = {}): unknown {
    const id = ++this.asked;
    // Node writes at once what has room in the pipe; nobody turns the event loop meanwhile.
    this.commands.write(`${JSON.stringify({ execute, arguments: words, id })}\n`);
    const { error, return: answer } = this.waitFor(`answer "${execute}"`, () => this.answerTo(id));
    if (error === undefined) return answer;
    throw new EnvironmentError(`QEMU refuses "${execute}": ${error.desc}`);
  }

  private answerTo(id: number): Answer | null {
    const lines = this.answers().split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Answer).find((found) => found.id === id) ?? null;
  }

  /** Asks again and again until the migration (QEMU's word for saving and loading) has ended. */
  private untilMigrated(): void {
    const { status, 'error-desc': reason } = this.waitFor('save or load the state', () => {
      const migration = this.ask('query-migrate') as Migration;
      return OVER.has(migration.status ?? '') ? migration : null;
    });
    if (status === 'completed') return;
    throw new EnvironmentError(
      `QEMU cannot save or load the state of its devices: ${reason ?? status}`,
    );
  }

  /** Looks until there is something, while QEMU lives. */
  private waitFor<T>(what: string, look: () => T | null): T {
    for (const started = performance.now(); ; nap(NAP_MS)) {
      const seen = look();
      if (seen !== null) return seen;
      if (!this.isAlive()) throw new EnvironmentError(`QEMU has ended and does not ${what}`);
      if (performance.now() - started > LIMIT_MS) {
        throw new EnvironmentError(`QEMU does not ${what}`);
      }
    }
  }
}
