import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelTarget, resolveKernel } from '../../src/kernel/model-target.js';
import { BUGS, bugByName } from '../../src/kernel/bugs.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { PRESETS } from '../../src/kernel/presets.js';
import { MAINLINE_KNOBS } from '../../src/kernel/variant.js';
import { ProgramGenerator } from '../../src/program/generate.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { UsageError } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { byText } from '../../src/support/order.js';

test('every execution ends: whoever waits for ever waits for a pin that nobody drops', () => {
  for (const kernel of PRESETS.map((preset) => preset.name)) {
    const target = ModelTarget.of({ kernel, bugs: [] });
    const choice = Prng.fromSeed(41n);
    const generator = new ProgramGenerator();
    const scheduler = new RandomScheduler(choice);
    for (let i = 0; i < 2000; i++) {
      const { stuck } = target.execute(generator.generate(choice), scheduler);
      if (stuck.length === 0) continue;
      const points = stuck.map(({ point }) => POINT_NAMES[point]);
      // Others may queue behind the one that waits for the pin, or for ever re-fault (A5 in dax-v8).
      const idle = ['wait:page_idle', 'wait:pagemap', 'livelock:fault'];
      const isIdle = points.some((point) => point !== undefined && idle.includes(point));
      // Its pins are locked entries.
      const holdsLocks = kernel === 'page-lock-over-gup' && points.includes('wait:dax_entry');
      assert.ok(isIdle || holdsLocks, `${kernel}: ${points.join(', ')}`);
    }
  }
});

describe('the catalogue', () => {
  test('finds a bug by id or slug, in any case, and says where to look otherwise', () => {
    assert.equal(bugByName('b07').id, 'B07');
    assert.equal(bugByName('pmd-not-wrprotected').id, 'B07');
    assert.throws(
      () => bugByName('B99'),
      (error) => error instanceof UsageError && /unknown bug "B99"/.test(error.message),
    );
  });

  test('has one row an id, and every knob of it exists', () => {
    for (const key of ['id', 'slug'] as const) {
      assert.equal(new Set(BUGS.map((bug) => bug[key])).size, BUGS.length);
    }
    for (const { id, knobs, tracksDma } of BUGS) {
      assert.ok(knobs.length > 0 || tracksDma === true, id);
      for (const knob of knobs) assert.equal(MAINLINE_KNOBS[knob], false, knob);
    }
  });

  test('leaves no knob that nothing uses', () => {
    const forTests = [
      'cleanWithoutTlbFlush',
      'allocateWithoutZeroing',
      'fdatasyncSkipsCommit',
      'reuseBeforeCommit',
      'removedStaysMapped',
      'umountSkipsSync',
    ];
    const used = new Set([
      ...forTests,
      ...BUGS.flatMap((bug) => bug.knobs),
      ...PRESETS.flatMap((preset) => preset.knobs),
    ]);
    assert.deepEqual([...used].sort(byText), Object.keys(MAINLINE_KNOBS).sort(byText));
  });

  test('writes each bug once, whatever it is called on the command line', () => {
    const spec = resolveKernel('mainline', ['a2', 'towrite-cleared-before-flush', 'B07']);
    assert.deepEqual(spec, { kernel: 'mainline', bugs: ['A2', 'B07'] });
    assert.throws(() => resolveKernel('linux-9', []), UsageError);
  });
});
