/** Operations that only file systems with shared blocks have. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EOPNOTSUPP } from '../../src/kernel/types.js';
import { eventsOf, resultsOf, runText, textOf } from '../helpers/lines.js';

const OPENED = `file a pages 4 allocated 4
  file b pages 1 allocated 0
  t0: f0 = open("a")
  t0: f1 = open("b")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
`;

const REFUSED = [
  'fallocate(f0, UNSHARE_RANGE, 0x0, 4096)',
  'reflink(f1, f0)',
  'reflink_range(f1, 0x0, 4096, f0, page 1)',
];

describe('the model of ext4', () => {
  for (const call of REFUSED) {
    test(`refuses ${call}, which changes nothing and promises nothing`, () => {
      const { trace, verdict } = runText(`${OPENED} t0: ${call}`);
      assert.equal(resultsOf(trace)[3], EOPNOTSUPP);
      assert.deepEqual(eventsOf(trace, 'store'), []);
      assert.equal(verdict.promises, 0);
    });
  }

  test('writes and reads with O_DIRECT as without: DAX has no page cache to go around', () => {
    const changes = (flags: string): readonly string[] =>
      textOf(
        runText(`${OPENED} t0: pwrite(f0, 0x40, 8${flags})\n t0: pread(f0, 0x40, 8${flags})`).trace,
        ['store', 'load', 'flush', 'fence'],
      );
    assert.deepEqual(changes(', O_DIRECT'), changes(''));
    assert.ok(changes('').length > 2);
  });
});
