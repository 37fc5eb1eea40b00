import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reproducer } from '../../src/finding/reproducer.js';
import {
  parseReproducer,
  printReproducer,
  programOf,
  scheduleOf,
  setupOf,
  toReproducer,
} from '../../src/finding/reproducer.js';
import { UsageError } from '../../src/support/assert.js';
import { exampleFinding } from '../helpers/reproducers.js';

type Value = Record<string, unknown>;

const { finding, reproducer, pointNames } = exampleFinding();
const text = printReproducer(reproducer);

/** A fresh copy that may be spoilt. */
const copy = (): Value => JSON.parse(text) as Value;

function refuses(value: unknown, message: RegExp): void {
  assert.throws(
    () => parseReproducer(JSON.stringify(value), 'x.json'),
    (error) =>
      error instanceof UsageError &&
      error.message.startsWith('x.json: ') &&
      message.test(error.message),
    `${JSON.stringify(value)} expected to be refused with ${String(message)}`,
  );
}

/** Every object in a value, with the way to it as ajv writes it. */
function objectsIn(value: unknown, where = ''): { object: Value; where: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, child]) =>
    objectsIn(child, `${where}/${key}`),
  );
  return Array.isArray(value) ? below : [{ object: value as Value, where }, ...below];
}

describe('a reproducer', () => {
  test('is the same after printing and parsing', () => {
    assert.deepEqual(parseReproducer(text, 'x.json'), reproducer);
    assert.equal(printReproducer(parseReproducer(text, 'x.json')), text);
  });

  test('leads back to the setup, program and schedule of its finding', () => {
    const { kernel, bugs, fs, domain, persistency } = finding.setup;
    const read = parseReproducer(text, 'x.json');
    assert.deepEqual(setupOf(read), { kernel, bugs, fs, domain, persistency });
    assert.deepEqual(programOf(read), finding.program);
    assert.deepEqual(scheduleOf(read, pointNames), finding.schedule);
  });

  test('has an id of its content: another for another, the same for other words about it', () => {
    const { setup, violation, schedule, program } = finding;
    const others = [
      { ...finding, setup: { ...setup, kernel: 'dax-v2' } },
      { ...finding, setup: { ...setup, bugs: ['A1'] } },
      { ...finding, setup: { ...setup, domain: 'eadr' as const } },
      { ...finding, setup: { ...setup, persistency: 'location' as const } },
      { ...finding, schedule: schedule.slice(1) },
      { ...finding, program: { ...program, files: [{ pages: 1, allocated: 1 }] } },
      { ...finding, violation: { ...violation, promise: 'P4' as const } },
    ].map((other) => toReproducer(other, pointNames).id);
    assert.equal(new Set([reproducer.id, ...others]).size, others.length + 1);
    const reworded = { ...finding, violation: { ...violation, detail: 'x' }, traceHash: 'x' };
    assert.equal(toReproducer(reworded, pointNames).id, reproducer.id);
  });
});

describe('a file that is no reproducer', () => {
  test('is refused without any one of the fields', () => {
    let fields = 0;
    const count = objectsIn(copy()).length;
    for (let at = 0; at < count; at++) {
      const names = Object.keys((objectsIn(copy())[at] as { object: Value }).object);
      for (const name of names) {
        const spoilt = copy();
        const { object } = objectsIn(spoilt)[at] as { object: Value };
        Reflect.deleteProperty(object, name);
        refuses(spoilt, new RegExp(`must have required property '${name}'|/crash must be null`));
        fields++;
      }
    }
    assert.ok(fields > 25, `expected every level to be tried, found ${fields} fields`);
  });

  test('is refused with a field that is not known, at any level, inherited names among them', () => {
    for (const name of ['extra', '__proto__', 'constructor', 'toString']) {
      const count = objectsIn(copy()).length;
      for (let at = 0; at < count; at++) {
        const spoilt = copy();
        const { object, where } = objectsIn(spoilt)[at] as { object: Value; where: string };
        Object.defineProperty(object, name, { value: {}, enumerable: true });
        const inCrash = where.startsWith('/violation/crash');
        refuses(spoilt, inCrash ? /\/violation\/crash/ : new RegExp(`additional.*"${name}"`));
      }
    }
    assert.equal(({} as Value)['x'], undefined);
  });

  const WRONG: readonly (readonly [string, Partial<Record<keyof Reproducer, unknown>>, RegExp])[] =
    [
      ['a path for an id', { id: '../../etc/passwd' }, /\/id must match/],
      ['an id too long', { id: 'a'.repeat(81) }, /\/id must match/],
      ['an escape sequence', { signature: 'P5 \u001b[2J' }, /\/signature must match/],
      ['a newline', { title: 'a\nb' }, /\/title must match/],
      ['a C1 control', { kernel: 'dax-v8\u009b2J' }, /\/kernel must match/],
      ['a control in a program', { program: ['\u0007'] }, /\/program\/0 must match/],
      ['a control in a schedule', { schedule: ['start -> t0\n'] }, /\/schedule\/0 must match/],
      ['an unknown promise', { promise: 'P99' }, /\/promise must be equal/],
      ['an unknown file system', { fs: 'btrfs' }, /\/fs must be equal/],
      ['an unknown domain', { domain: 'battery' }, /\/domain must be equal/],
      ['a program that is text', { program: 't0: sync()' }, /\/program must be array/],
      [
        'more operations than any',
        { program: new Array(70_001).fill('') },
        /\/program must NOT have more/,
      ],
      [
        'more switches than any',
        { schedule: new Array(1_000_001).fill('') },
        /\/schedule must NOT/,
      ],
      ['a line too long', { program: ['#'.repeat(201)] }, /\/program\/0 must NOT have more/],
      ['a hash that is none', { traceHash: 'z'.repeat(16) }, /\/traceHash must match/],
      ['a count that is none', { ops: -1 }, /\/ops must be >= 0/],
      ['half an operation', { ops: 0.5 }, /\/ops must be integer/],
    ];
  for (const [what, change, message] of WRONG) {
    test(`is refused with ${what}`, () => refuses({ ...copy(), ...change }, message));
  }

  test('is refused with the version that could read it, if it is of another format', () => {
    refuses({ ...copy(), format: 2 }, /format 2 is not known to daxfuzz .* reads format 1; use/);
    refuses({ format: 0 }, /format 0 is not known/);
    refuses({ ...copy(), format: '1' }, /\/format must be equal to constant/);
  });

  test('is refused when it is JSON of something else', () => {
    for (const value of [null, 1, 'text', true, [], [copy()]]) {
      refuses(value, /: the file must be object/);
    }
  });

  test('is refused when it is not JSON, cut short at any place', () => {
    const last = text.trimEnd().length;
    for (let length = 0; length < last; length += 7) {
      assert.throws(
        () => parseReproducer(text.slice(0, length), 'x.json'),
        /^UsageError: x\.json: not JSON \(.*\); the file may be truncated/,
        `cut after ${length} of ${last} characters`,
      );
    }
  });

  test('is refused however deep it is nested', () => {
    const depth = 1_000_000;
    for (const [open, close] of [
      ['[', ']'],
      ['{"format":', '}'],
    ] as const) {
      const nested = `${open.repeat(depth)}1${close.repeat(depth)}`;
      assert.throws(() => parseReproducer(nested, 'x.json'), /^UsageError: x\.json: not a daxfuzz/);
    }
  });
});
