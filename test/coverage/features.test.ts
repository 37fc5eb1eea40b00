import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FeatureCollector } from '../../src/coverage/features.js';
import { COVERAGE_PLACES } from '../../src/coverage/place.js';
import { JsfuzzBridge } from '../../src/coverage/jsfuzz-bridge.js';
import type { Setup } from '../helpers/lines.js';
import { runText } from '../helpers/lines.js';

const MAPPED = `file a pages 4 allocated 4
  file b pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;
const BASE = `${MAPPED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)`;

/** Adds the features of a program's execution; gives how many were new. */
function collect(collector: FeatureCollector, program: string, setup: Setup = {}): number {
  const ran = runText(program, setup);
  return collector.collect(ran.trace, ran.program.geometry, ran.program.files.length);
}

/** A collector, its map, and what BASE left in it. */
function afterBase(): { collector: FeatureCollector; map: Uint8Array; added: number } {
  const map = new Uint8Array(COVERAGE_PLACES);
  const collector = new FeatureCollector(map);
  return { collector, map, added: collect(collector, BASE) };
}

const marked = (map: Uint8Array): number => map.reduce((sum, place) => sum + place, 0);

describe('a trace', () => {
  test('has the same features each time, and shows nothing new the second time', () => {
    const first = afterBase();
    const second = afterBase();
    assert.ok(first.added >= 10, `${first.added}`);
    assert.deepEqual(first.map, second.map);
    assert.equal(marked(first.map), first.added);
    assert.equal(collect(first.collector, BASE), 0);
    assert.deepEqual(first.map, second.map);
  });

  test('has the features that it has alone, whatever was collected before it', () => {
    const OTHER = `file a pages 2 allocated 0
      t0: f0 = open("a")\n t0: pwrite(f0, 0x1000, 8)\n t0: ftruncate(f0, 0x0)`;
    const alone = new Uint8Array(COVERAGE_PLACES);
    collect(new FeatureCollector(alone), OTHER);
    const { collector, map } = afterBase();
    const union = map.map((place, index) => place | (alone[index] ?? 0));
    collect(collector, OTHER);
    assert.deepEqual(map, union);
  });

  test('shows nothing new to one collector that another has marked in the same map', () => {
    const { map } = afterBase();
    assert.equal(collect(new FeatureCollector(map), BASE), 0);
  });
});

describe('nothing new is', () => {
  const SAME: Record<string, string> = {
    'another offset in the page': `${MAPPED} t0: store(m0, 0x80, 8)\n t0: fsync(f0)`,
    'another page': `${MAPPED} t0: store(m0, 0x2040, 8)\n t0: fsync(f0)`,
    'another length': `${MAPPED} t0: store(m0, 0x40, 1)\n t0: fsync(f0)`,
    'another file': BASE.replace('open("a")', 'open("b")'),
    'another slot': BASE.replaceAll('f0', 'f2').replaceAll('m0', 'm1'),
    'the beginning of it alone': `${MAPPED} t0: store(m0, 0x40, 8)`,
  };
  for (const [what, program] of Object.entries(SAME)) {
    test(what, () => {
      const { collector } = afterBase();
      assert.notEqual(program, BASE);
      assert.equal(collect(collector, program), 0);
    });
  }
});

describe('new is', () => {
  const NEW: Record<string, string> = {
    'another call that does the same': BASE.replace('fsync(f0)', 'fdatasync(f0)'),
    'a fault on a page that was cleaned': `${BASE}\n t0: store(m0, 0x40, 8)`,
    'a page that is read before it is written': BASE.replace(
      't0: store',
      't0: load(m0, 0x0, 8)\n t0: store',
    ),
    'a huge page': BASE.replace('|UNALIGNED', ''),
    'a call that fails': `${BASE}\n t0: fsync(f1)`,
    'a block that has to be allocated': BASE.replace('allocated 4', 'allocated 0'),
  };
  for (const [what, program] of Object.entries(NEW)) {
    test(what, () => {
      const { collector, map, added } = afterBase();
      assert.notEqual(program, BASE);
      const more = collect(collector, program);
      assert.ok(more > 0);
      assert.equal(marked(map), added + more);
    });
  }

  const RACE = `${MAPPED} t0: store(m0, 0x40, 8)\n t0: spawn\n t0: fsync(f0)
    t1: store(m0, 0x40, 8)`;

  test('a switch at another point of the same two operations', () => {
    const map = new Uint8Array(COVERAGE_PLACES);
    const collector = new FeatureCollector(map);
    const at = (point: string): Setup => ({
      schedule: `start -> t0\nt0 op 3 at dax_writeback_one:${point} #1 -> t1\n`,
    });
    assert.ok(collect(collector, RACE, at('locked')) > 0);
    assert.equal(collect(collector, RACE, at('locked')), 0);
    assert.ok(collect(collector, RACE, at('flushed')) > 0);
  });

  test('a store that follows one of another thread, and not one of the same', () => {
    const collector = new FeatureCollector(new Uint8Array(COVERAGE_PLACES));
    const stores = (first: string, second: string): string =>
      `${MAPPED} t0: spawn\n t0: store(m0, 0x40, 8)
        t1: store(m0, ${first}, 8)\n t1: store(m0, ${second}, 8)`;
    assert.ok(collect(collector, stores('0x1040', '0x1048')) > 0, 'each on a page of its own');
    assert.equal(collect(collector, stores('0x1080', '0x1088')), 0);
    assert.equal(collect(collector, stores('0x48', '0x50')), 1, 'the one pair across threads');
  });
});

test('the bridge shows jsfuzz every new feature as a counter that is not zero', () => {
  const scope = globalThis as {
    __coverage__?: Record<string, { b: Record<string, number[]> } | undefined>;
  };
  const bridge = new JsfuzzBridge();
  const covered = (): number =>
    (scope.__coverage__?.['daxfuzz-features']?.b['0'] ?? []).filter((count) => count !== 0).length;
  assert.equal(covered(), 0);
  const added = collect(bridge.collector, BASE);
  bridge.publish();
  const first = covered();
  assert.ok(first > 0 && first <= added, `${first} of ${added}`);
  bridge.publish();
  assert.equal(covered(), first);
  assert.ok(collect(bridge.collector, `${BASE}\n t0: store(m0, 0x40, 8)`) > 0);
  bridge.publish();
  assert.ok(covered() > first);
});
