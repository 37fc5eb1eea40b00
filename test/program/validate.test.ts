import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_GEOMETRY } from '../../src/program/geometry.js';
import { makeOp } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { checkProgram, normalizeOp } from '../../src/program/validate.js';
import { UsageError } from '../../src/support/assert.js';

const BASE: Program = {
  geometry: DEFAULT_GEOMETRY,
  files: [{ pages: 4, allocated: 4 }],
  threads: [[makeOp('sync')]],
  spawnAfter: 0,
};

describe('checking a program', () => {
  const WRONG: readonly (readonly [string, Program, RegExp])[] = [
    ['no files', { ...BASE, files: [] }, /1 to 4 files, found 0/],
    ['no threads', { ...BASE, threads: [] }, /1 to 4 threads/],
    ['an empty last thread', { ...BASE, threads: [[makeOp('sync')], []] }, /must not be empty/],
    ['a spawn past the end', { ...BASE, spawnAfter: 2 }, /spawn must be within thread 0, found 2/],
    ['a spawn that is no number', { ...BASE, spawnAfter: NaN }, /found NaN/],
    ['a file larger than files can be', { ...BASE, files: [{ pages: 9, allocated: 0 }] }, /file 0/],
    ['more allocated than there is', { ...BASE, files: [{ pages: 1, allocated: 2 }] }, /file 0/],
    ['half a page', { ...BASE, files: [{ pages: 1, allocated: 0.5 }] }, /file 0/],
    [
      'too many operations',
      { ...BASE, threads: [new Array(65_536).fill(makeOp('sync'))] },
      /at most/,
    ],
  ];
  for (const [what, program, message] of WRONG) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => checkProgram(program),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }

  test('accepts what normalising any operation gives', () => {
    const wild = makeOp('pwrite', { target: 77, offset: 1e6, length: 1e6, flags: 9 });
    const op = normalizeOp(wild, BASE.geometry, 1);
    checkProgram({ ...BASE, threads: [[op]] });
  });
});
