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
    const started = performance.now();
    for (;;) {
      const found = this.answered(id);
      if (found?.error !== undefined) {
        throw new EnvironmentError(`QEMU refuses "${execute}": ${found.error.desc}`);
      }
      if (found !== null) return found.return;
      if (!this.isAlive()) throw new EnvironmentError(`QEMU has ended before "${execute}"`);
      if (performance.now() - started > LIMIT_MS) {
        throw new EnvironmentError(`QEMU does not answer "${execute}"`);
      }
      nap(NAP_MS);
    }
  }

  private answered(id: number): Answer | null {
    const lines = this.answers().split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Answer).find((found) => found.id === id) ?? null;
  }

  /** Asks again and again until the migration (QEMU's word for saving and loading) has ended. */
  private untilMigrated(): void {
    for (const started = performance.now(); ; nap(NAP_MS)) {
      const { status, 'error-desc': reason } = this.ask('query-migrate') as Migration;
      if (status === 'completed') return;
      const late = performance.now() - started > LIMIT_MS;
      if (status === 'failed' || status === 'cancelled' || late) {
        throw new EnvironmentError(
          `QEMU cannot save or load the state of its devices: ${reason ?? status ?? 'no status'}`,
        );
      }
    }
  }
}

interface Migration {
  readonly status?: string;
  readonly 'error-desc'?: string;
}
