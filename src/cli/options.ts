/**
 * Parsing of flag values: each function takes what the user typed and gives a value inside its bounds, or
 * says what was expected.
 */
import { UsageError } from '../support/assert.js';

type Parser<T> = (text: string) => T;

/** For commander, which hands over the value given so far: flags that may be repeated. */
export function collect(
  flag: string,
): (text: string, before: readonly string[] | undefined) => string[] {
  return (text, before) => {
    const names = text.split(',').filter((name) => name !== '');
    if (names.length === 0) throw new UsageError(`${flag}: expected an id, found an empty value`);
    return [...(before ?? []), ...names];
  };
}

/** For flags that may be repeated, each time with one value. */
export function repeated<T>(
  parse: Parser<T>,
): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}

/** The name of a file or directory. */
export function place(flag: string): Parser<string> {
  return (text) => {
    if (text === '') throw new UsageError(`${flag}: expected a name, found an empty value`);
    return text;
  };
}

export function integer(flag: string, low: number, high: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(value) || value < low || value > high) {
      throw new UsageError(
        `${flag}: expected a whole number from ${low} to ${high}, found "${text}"`,
      );
    }
    return value;
  };
}

export function oneOf<T extends string>(flag: string, choices: readonly T[]): Parser<T> {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new UsageError(`${flag}: expected ${choices.join(' or ')}, found "${text}"`);
  };
}

/** A 64-bit seed, as its canonical decimal text. */
export function seed(text: string): string {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value >= 1n << 64n) {
    throw new UsageError(`--seed: expected a whole number below 2^64, found "${text}"`);
  }
  return value.toString();
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };
const DURATION_MS_MAX = 30 * 24 * 3_600_000;

/** `30s`, `10m`, `2h` in milliseconds. */
export function duration(text: string): number {
  const match = /^(\d{1,7})([smh])$/.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (UNITS[match[2] as string] as number);
  if (Number.isNaN(value) || value === 0 || value > DURATION_MS_MAX) {
    throw new UsageError(`--time: expected a duration such as 30s, 10m or 2h, found "${text}"`);
  }
  return value;
}
