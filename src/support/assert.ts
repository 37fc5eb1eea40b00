/**
 * The three ways daxfuzz stops short of an answer, and the assertions that lead to the first.
 *
 * A finding is not an error and has no class here: it is data (finding/). Whoever catches one of these
 * classes knows at once whose fault it is: ours, the user's, or the machine's. The exit codes are the
 * contract of the command line.
 */

/** daxfuzz or its kernel model is wrong. Never a finding. */
export class Defect extends Error {
  static readonly exitCode = 70;
  override readonly name = 'Defect';
}

/** The input or the usage is wrong: says what, where and how to mend it. */
export class UsageError extends Error {
  static readonly exitCode = 2;
  override readonly name: string = 'UsageError';

  /** `details` are further lines, shown below the message as they are. */
  constructor(
    message: string,
    readonly details = '',
  ) {
    super(message);
  }
}

/** The machine lacks something: says what to install or change. */
export class EnvironmentError extends Error {
  static readonly exitCode = 3;
  override readonly name = 'EnvironmentError';
}

/** Always on. The message may be a function, so that hot paths format nothing. */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Defect(typeof message === 'string' ? message : message());
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Defect(`unreachable: ${JSON.stringify(value)}`);
}

/** Element `index` of `array`; a read out of range is our defect, not an undefined that travels. */
export function at<T>(array: ArrayLike<T>, index: number): T {
  const value = array[index];
  if (value === undefined) {
    throw new Defect(`index out of range: expected below ${array.length}, found ${index}`);
  }
  return value;
}

/** What went wrong, in one line, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
