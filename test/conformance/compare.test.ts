/** Two observations that differ in one respect are told apart by it, and by nothing else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compare, comparedSteps } from '../../src/conformance/compare.js';
import type { FileState, Guarantee, Observation, Step } from '../../src/conformance/observation.js';

const SIZE = 8192;

function file(change: Partial<FileState> = {}): FileState {
  const content = new Uint8Array(SIZE).fill(7);
  return { size: SIZE, content, allocated: Uint8Array.from([1, 0]), ...change };
}

function guarantee(change: Partial<Guarantee['files'][number]> = {}): Guarantee {
  const bytes = new Uint8Array(SIZE).fill(1);
  return { promise: 'P3', files: [{ size: true, bytes, ...change }], unrecovered: null };
}

/** A write, an fsync, and one more write. */
function observed(...changes: readonly Partial<Step>[]): Observation {
  const plain: Step[] = [
    { op: 0, result: 8, files: [file()], guarantee: null },
    { op: 1, result: 0, files: [file()], guarantee: guarantee() },
    { op: 2, result: 8, files: [file()], guarantee: null },
  ];
  const steps = plain.map((step, index) => ({ ...step, ...changes[index] }));
  return { steps, alarm: null, discarded: null };
}

const without = (from: number, to: number): Uint8Array =>
  new Uint8Array(SIZE).fill(1).fill(0, from, to);

describe('two observations', () => {
  test('that are equal agree', () => {
    assert.deepEqual(compare(observed(), observed()), []);
    assert.equal(comparedSteps(observed(), observed(), []), 3);
  });

  test('with another result disagree there, and what follows is not compared', () => {
    const kernel = observed({ result: -28 }, { guarantee: guarantee({ size: false }) });
    const found = compare(observed(), kernel);
    assert.deepEqual(found, [
      { kind: 'result', op: 0, ino: -1, spans: [], model: '8', kernel: '-28' },
    ]);
    assert.equal(comparedSteps(observed(), kernel, found), 1);
  });

  test('with another size, or other bytes, disagree about those', () => {
    const shorter = {
      size: 100,
      content: new Uint8Array(100).fill(7),
      allocated: Uint8Array.of(1),
    };
    const sizes = compare(observed(), observed({}, { files: [file(shorter)] }));
    assert.deepEqual(
      sizes.map(({ kind, op, model, kernel }) => [kind, op, model, kernel]),
      [['size', 1, '8192', '100']],
    );
    const content = new Uint8Array(SIZE).fill(7).fill(0, 10, 12);
    const bytes = compare(observed(), observed({}, {}, { files: [file({ content })] }));
    const spans = [{ from: 10, to: 12 }];
    assert.deepEqual(bytes, [
      { kind: 'content', op: 2, ino: 0, spans, model: '07 07', kernel: '00 00' },
    ]);
  });

  test('with blocks at other pages disagree once, and go on', () => {
    const files = [file({ allocated: Uint8Array.from([1, 1]) })];
    const less = guarantee({ bytes: without(0, 8) });
    const found = compare(observed(), observed({ files }, { files, guarantee: less }, { files }));
    assert.deepEqual(
      found.map(({ kind, op, spans }) => [kind, op, spans]),
      [
        ['allocated', 0, [{ from: 1, to: 2 }]],
        ['promises-more', 1, [{ from: 0, to: 8 }]],
      ],
    );
  });

  test('in which one guarantees more disagree about what it is that may be lost', () => {
    const less = observed({}, { guarantee: guarantee({ size: false, bytes: without(64, 128) }) });
    const spans = [{ from: 64, to: 128 }];
    const kindsAndSpans = (model: Observation, kernel: Observation): unknown =>
      compare(model, kernel).map((one) => [one.kind, one.op, one.ino, one.spans]);
    assert.deepEqual(kindsAndSpans(observed(), less), [['promises-more', 1, 0, spans]]);
    assert.deepEqual(kindsAndSpans(less, observed()), [['promises-less', 1, 0, spans]]);
    const onlySize = observed({}, { guarantee: guarantee({ size: false }) });
    assert.deepEqual(kindsAndSpans(observed(), onlySize), [['promises-more', 1, 0, []]]);
  });

  test('of which one is not recovered, warns or stops disagree about that', () => {
    const lost = { ...guarantee(), unrecovered: 'mount fails' };
    const kinds = (kernel: Observation): string[] =>
      compare(observed(), kernel).map(({ kind }) => kind);
    assert.deepEqual(kinds(observed({}, { guarantee: lost })), ['unrecovered']);
    assert.deepEqual(kinds({ ...observed(), alarm: 'WARNING: CPU: 0' }), ['alarm']);
    assert.deepEqual(kinds({ ...observed(), steps: observed().steps.slice(0, 2) }), ['alarm']);
  });
});
