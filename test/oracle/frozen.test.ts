/** What a freeze promises (P12), on traces written by hand: of a kernel that says nothing about itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import { Image } from '../../src/media/image.js';
import { Judge } from '../../src/oracle/judge.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';
import { filesAt, PAGE, RawProgram } from '../helpers/raw-program.js';

const WORD = [9, 9, 9, 9, 9, 9, 9, 9];
const TEXT = `file a pages 1 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
  t0: spawn
  t0: freeze()
  t0: thaw()
  t1: store(m0, 0x8, 8)
  t1: thaw()
`;
const FREEZE = 2;
const THAW = 3;
const STORE = 4;
const OTHER_THAW = 5;
const HERE = 8 * PAGE + 8;

function judged(raw: RawProgram): string[] {
  const mount = filesAt([{ size: PAGE, runs: [[0, 8, 1]] }]);
  const { program, trace, disk } = raw.translated(TEXT, mount);
  const { violations } = new Judge(new Image()).judge(program, trace, disk, {
    ...{ persistency: 'line', domain: 'adr', contract: LINUX_CONTRACT },
    ...{ isKnown: () => false, everyInstance: false, images: 0 },
  });
  return violations.map(signatureOf);
}

const opened = (): RawProgram => new RawProgram().layout(0, PAGE, [[0, 8, 1]]).done(0, 1);
const stores = (raw: RawProgram): RawProgram =>
  raw.enter(STORE, 1).store(HERE, WORD, 1).exit(STORE, 0, 1);

describe('between the return of a freeze and the start of a thaw', () => {
  test('no store may reach a file', () => {
    const raw = stores(opened().enter(FREEZE).exit(FREEZE)).enter(THAW).exit(THAW);
    assert.deepEqual(judged(raw), ['P12 changed-while-frozen']);
  });

  test('and after it one may, even before the thaw has returned', () => {
    const raw = stores(opened().enter(FREEZE).exit(FREEZE).enter(THAW)).exit(THAW);
    assert.deepEqual(judged(raw), []);
  });

  test('one may if the freeze failed', () => {
    assert.deepEqual(judged(stores(opened().enter(FREEZE).exit(FREEZE, -16))), []);
  });

  test('one may if another thread was thawing when the freeze returned', () => {
    const raw = opened().enter(FREEZE).enter(OTHER_THAW, 1).exit(FREEZE);
    assert.deepEqual(judged(stores(raw.exit(OTHER_THAW, 0, 1))), []);
  });
});

describe('a store beside a freeze', () => {
  const beside = (raw: RawProgram): RawProgram => stores(raw.enter(FREEZE));

  test('is on media when that returns', () => {
    assert.deepEqual(judged(beside(opened()).exit(FREEZE)), ['P12 store-lost']);
    assert.deepEqual(
      judged(
        beside(opened())
          .flush(8 * PAGE)
          .fence()
          .exit(FREEZE),
      ),
      [],
    );
  });

  test('need not be if another thread was thawing meanwhile', () => {
    const raw = opened().enter(FREEZE).enter(OTHER_THAW, 1).exit(OTHER_THAW, 0, 1);
    assert.deepEqual(judged(stores(raw).exit(FREEZE)), []);
  });
});
