/**
 * What a worker answers when it could not do what it was told: whose fault that is, and what it had found;
 * and what the controller throws then. Errors travel as data, because the class of a thrown one does not
 * survive the way between threads.
 */
import type { KernelSpec } from '../kernel/model-target.js';
import type { Program } from '../program/program.js';
import { printProgram } from '../program/text.js';
import { Defect, EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { VERSION } from '../support/version.js';
import type { BatchDefect, BatchMisused, BatchRefused, FoundFinding } from './messages.js';

type Unfinished = BatchDefect | BatchRefused | BatchMisused;

/** Where a batch ended before its end. */
interface Place {
  readonly kernel: KernelSpec;
  readonly execution: number;
  readonly program: Program | null;
}

export function unfinished(
  error: unknown,
  { kernel, execution, program }: Place,
  findings: readonly FoundFinding[] = [],
): Unfinished {
  const message = messageOf(error);
  if (error instanceof EnvironmentError) return { kind: 'refused', message, findings };
  const text = program === null ? '' : printProgram(program);
  if (error instanceof UsageError && kernel.module !== undefined) {
    const isNamed = message.startsWith(kernel.kernel);
    const named = isNamed ? message : `${kernel.kernel}: its functions are not pure: ${message}`;
    return { kind: 'misused', message: named, details: error.details, findings };
  }
  return { kind: 'defect', message, execution, program: text, findings };
}

/** The error to throw for it; `where` says how to get to a defect again. */
export function errorOf(
  answer: Unfinished,
  { kernel, bugs }: KernelSpec,
  where: (defect: BatchDefect) => string,
): Error {
  if (answer.kind === 'refused') return new EnvironmentError(answer.message);
  if (answer.kind === 'misused') return new UsageError(answer.message, answer.details);
  return new Defect(
    `${answer.message}\n  not a finding; daxfuzz ${VERSION}, ${where(answer)}, kernel ${kernel}, bugs ` +
      `${bugs.join(',') || 'none'}\n${answer.program}`,
  );
}
