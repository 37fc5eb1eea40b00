/**
 * A litmus test for each rule of persistency, with the exact sets that px86.md derives, and the wrong
 * machines that get another set. Sets are written as `x y: 00 10`, one digit for each name; `all` are all
 * combinations of 0 and 1. Only the sets that matter to a rule are given.
 */
import { stateKey } from '../../src/litmus/program.js';
import type { WrongMachine } from './wrong-machines.js';

export interface Rule {
  readonly name: string;
  readonly program: string;
  /** Post-crash memories with persists ordered by location. */
  readonly location?: string;
  /** The same if a failed CAS fences. */
  readonly failedCasFences?: string;
  readonly line?: string;
  readonly eadr?: string;
  /** Final registers without a crash. */
  readonly registers?: string;
  readonly catches: readonly WrongMachine[];
}

/** `x y: 00 10`, `x y: all` or `x y: all but 01`. */
export function statesOf(text: string): Set<string> {
  const [, header = '', all, but, listed = ''] =
    /^([\w ]+): (all)?( but)? ?([\d ]*)$/.exec(text) ?? [];
  const names = header.split(' ');
  const key = (digits: string): string =>
    stateKey(Object.fromEntries(names.map((name, index) => [name, Number(digits[index])])));
  const list = listed.split(' ').filter((digits) => digits !== '');
  const wrong = list.find((digits) => digits.length !== names.length);
  if (
    header === '' ||
    wrong !== undefined ||
    (but === undefined) === (all !== undefined && list.length > 0)
  ) {
    throw new Error(`not a set of states: ${text}`);
  }
  if (all === undefined) return new Set(list.map(key));
  const every = Array.from({ length: 2 ** names.length }, (_, bits) =>
    bits.toString(2).padStart(names.length, '0'),
  );
  return new Set(every.filter((digits) => !list.includes(digits)).map(key));
}

const READS: readonly Rule[] = [
  {
    name: 'a load overtakes an older store to another location',
    program: `
      lines x | y
      t0: x=1; a=y
      t1: y=1; b=x`,
    registers: 'a b: all',
    catches: ['loads-are-never-early'],
  },
  {
    name: 'mfence holds loads back',
    program: `
      lines x | y
      t0: x=1; mfence; a=y
      t1: y=1; mfence; b=x`,
    registers: 'a b: all but 00',
    catches: ['mfence-lets-loads-pass'],
  },
  {
    name: 'sfence does not hold loads back',
    program: `
      lines x | y
      t0: x=1; sfence; a=y
      t1: y=1; sfence; b=x`,
    registers: 'a b: all',
    catches: ['sfence-orders-later-loads'],
  },
  {
    name: 'clflush does not hold loads back',
    program: `
      lines x | y
      t0: x=1; clflush x; a=y
      t1: y=1; clflush y; b=x`,
    registers: 'a b: all',
    catches: ['clflush-orders-later-loads'],
  },
  {
    name: 'RMW holds loads back',
    program: `
      lines x | y | z
      t0: x=1; r=xchg z 1; a=y
      t1: y=1; mfence; b=x`,
    registers: 'a b r: 010 100 110',
    catches: ['rmw-lets-loads-pass'],
  },
  {
    name: 'loads keep their order, and so do stores',
    program: `
      lines x | y
      t0: x=1; y=1
      t1: a=y; b=x`,
    registers: 'a b: all but 10',
    catches: ['loads-are-unordered'],
  },
  {
    name: 'nothing comes between the read and the write of an RMW',
    program: `
      lines x
      t0: r=faa x 1
      t1: s=faa x 1`,
    registers: 'r s: 01 10',
    location: 'x: 0 1 2',
    catches: ['rmw-is-not-atomic'],
  },
];

const FLUSHES: readonly Rule[] = [
  {
    name: 'visible is not persistent',
    program: `
      lines x | y
      t0: x=1; y=1`,
    location: 'x y: all',
    line: 'x y: all',
    eadr: 'x y: 00 10 11',
    catches: ['visible-is-durable', 'eadr-needs-flushes'],
  },
  {
    name: 'what follows a clflush persists after the flushed line',
    program: `
      lines x | y
      t0: x=1; clflush x; y=1`,
    location: 'x y: 00 10 11',
    line: 'x y: 00 10 11',
    catches: ['clflush-is-weak'],
  },
  {
    name: 'a clwb alone orders nothing',
    program: `
      lines x | y
      t0: x=1; clwb x; y=1`,
    location: 'x y: all',
    catches: ['weak-flush-completes-at-once'],
  },
  {
    name: 'sfence completes a clwb',
    program: `
      lines x | y
      t0: x=1; clwb x; sfence; y=1`,
    location: 'x y: 00 10 11',
    catches: ['sfence-completes-nothing'],
  },
  {
    name: 'mfence completes a clflushopt',
    program: `
      lines x | y
      t0: x=1; clflushopt x; mfence; y=1`,
    location: 'x y: 00 10 11',
    catches: ['mfence-completes-nothing'],
  },
  {
    name: 'RMW completes a clwb, and its own write comes after',
    program: `
      lines x | y
      t0: x=1; clwb x; r=xchg y 1`,
    location: 'x y: 00 10 11',
    catches: ['rmw-completes-nothing', 'rmw-completes-after-its-write'],
  },
  {
    name: 'a failed CAS completes a clflushopt only where it counts as a fence',
    program: `
      lines x | y | z
      t0: x=1; clflushopt x; r=cas z 5 6; y=1`,
    location: 'x y z: 000 010 100 110',
    failedCasFences: 'x y z: 000 100 110',
    catches: ['failed-cas-always-fences', 'failed-cas-never-fences'],
  },
  {
    name: 'a clwb may run before older stores to other lines',
    program: `
      lines x | y | z | w
      t0: x=1; clwb y; sfence; z=1
      t1: y=1; clwb x; sfence; w=1`,
    location: 'w x y z: all',
    catches: ['weak-flush-is-never-early'],
  },
  {
    name: 'a clwb does not run before an older sfence',
    program: `
      lines x | y | z | w
      t0: x=1; sfence; clwb y; sfence; z=1
      t1: y=1; sfence; clwb x; sfence; w=1`,
    location: 'w x y z: all but 1001',
    catches: ['weak-flush-passes-older-sfence'],
  },
  {
    name: 'a clflush does not run before older stores to other lines',
    program: `
      lines x | y | z | w
      t0: x=1; clflush y; z=1
      t1: y=1; clflush x; w=1`,
    location: 'w x y z: all but 1001',
    catches: ['clflush-ignores-other-lines'],
  },
  {
    name: 'a clwb does not run before an older load',
    program: `
      lines x | f | y
      t0: x=1; f=1
      t1: r=f; clwb x; sfence; if r==1 { y=1 }`,
    location: 'f x y: all but 001 101',
    catches: ['weak-flush-passes-older-loads'],
  },
  {
    name: 'a clflush is no fence for a clwb of another line',
    program: `
      lines x | y | z
      t0: x=1; clwb x; clflush z; y=1`,
    location: 'x y z: 000 010 100 110',
    catches: ['clflush-completes-weak-flushes'],
  },
  {
    name: 'a fence completes the weak flushes of its own thread only',
    program: `
      lines x | f | y
      t0: x=1; clwb x; f=1
      t1: r=f; if r==1 { mfence; y=1 }`,
    location: 'f x y: all',
    catches: ['fence-completes-all-threads'],
  },
  {
    name: 'a clwb covers what its line held then, not at the fence',
    program: `
      lines x | y
      t0: x=1; clwb x; x=2; sfence; y=1`,
    location: 'x y: 00 10 20 11 21',
    line: 'x y: 00 10 20 11 21',
    catches: ['weak-flush-snapshot-at-fence'],
  },
  {
    name: 'a flush covers what other threads stored before it',
    program: `
      lines x | f | y
      t0: x=1; f=1
      t1: r=f; clflush x; if r==1 { y=1 }`,
    location: 'f x y: all but 001 101',
    catches: ['flush-covers-own-stores'],
  },
  {
    name: 'a flush covers the whole line',
    program: `
      lines x y | z
      t0: x=1; clflush y; z=1`,
    location: 'x y z: 000 100 101',
    line: 'x y z: 000 100 101',
    catches: ['flush-covers-one-word'],
  },
  {
    name: 'a flush and a fence with nothing after them guarantee nothing',
    program: `
      lines x | y
      t0: x=1; clwb x; sfence
      t1: r=x; if r==1 { y=1 }`,
    location: 'x y: all',
    catches: ['trailing-flush-is-guaranteed'],
  },
];

const UNITS: readonly Rule[] = [
  {
    name: 'stores to one line persist in order by line, in any order by location',
    program: `
      lines x y
      t0: x=1; y=1`,
    location: 'x y: all',
    line: 'x y: 00 10 11',
    eadr: 'x y: 00 10 11',
    catches: ['line-mode-orders-by-word', 'location-mode-orders-by-line'],
  },
  {
    name: 'stores to one location persist in order',
    program: `
      lines x | y
      t0: x=1; clflush x; x=2; y=1`,
    location: 'x y: 00 10 20 11 21',
    catches: ['clflush-is-weak'],
  },
  {
    name: 'a wide store is torn between its words, in any order',
    program: `
      lines x y
      t0: wide x=1,y=1`,
    location: 'x y: all',
    line: 'x y: all',
    eadr: 'x y: all',
    catches: ['wide-store-is-atomic', 'wide-store-is-ordered'],
  },
];

const NON_TEMPORAL: readonly Rule[] = [
  {
    name: 'a non-temporal store without a fence is ordered with nothing',
    program: `
      lines x | y
      t0: nt x=1; y=1`,
    location: 'x y: all',
    line: 'x y: all',
    eadr: 'x y: all',
    catches: ['nt-store-needs-no-fence', 'eadr-keeps-write-combining'],
  },
  {
    name: 'sfence makes a non-temporal store durable without a flush',
    program: `
      lines x | y
      t0: nt x=1; sfence; y=1`,
    location: 'x y: 00 10 11',
    line: 'x y: 00 10 11',
    catches: ['nt-store-needs-a-flush'],
  },
  {
    name: 'a younger store overtakes a non-temporal one',
    program: `
      lines x | y
      t0: nt x=1; y=1
      t1: a=y; b=x`,
    registers: 'a b: all',
    catches: ['nt-store-keeps-store-order'],
  },
  {
    name: 'a thread sees its own non-temporal store',
    program: `
      lines x
      t0: nt x=1; a=x`,
    registers: 'a: 1',
    catches: ['nt-store-is-hidden-from-its-thread'],
  },
];

export const RULES: readonly Rule[] = [...READS, ...FLUSHES, ...UNITS, ...NON_TEMPORAL];
