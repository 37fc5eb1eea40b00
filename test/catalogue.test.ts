import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { signatureOf } from '../src/finding/finding.js';
import {
  printReproducer,
  programOf,
  scheduleOf,
  setupOf,
  toReproducer,
} from '../src/finding/reproducer.js';
import { readReproducer } from '../src/finding/store.js';
import { BUGS } from '../src/kernel/bugs.js';
import { runOnce } from '../src/run.js';
import { record } from '../src/minimize/record.js';
import { ReplayScheduler } from '../src/schedule/replay.js';
import { byText } from '../src/support/order.js';
import { lineOf } from './helpers/lines.js';
import { ROOT } from './helpers/temporary.js';

const CATALOGUE = path.join(ROOT, 'crashes', 'catalogue');
/** Records them anew: the same programs and schedules, with the traces that the model gives them now. */
const RECORDS = process.env['DAXFUZZ_UPDATE'] === '1';

test('every catalogued bug has one kept reproducer, and every one there is of a catalogued bug', () => {
  const wanted = BUGS.map(({ id }) => `${id}.json`).sort(byText);
  assert.deepEqual(fs.readdirSync(CATALOGUE).sort(byText), wanted);
});

for (const bug of BUGS) {
  describe(`the kept reproducer of ${bug.id}, ${bug.slug}`, () => {
    const file = path.join(CATALOGUE, `${bug.id}.json`);
    const reproducer = readReproducer(file);
    const setup = setupOf(reproducer);
    const program = programOf(reproducer);
    const { kernel, bugs, fs: fileSystem, domain, persistency } = reproducer;
    const settings = { fs: fileSystem, domain, persistency };
    const line = lineOf({ kernel, bugs, settings });
    const { pointNames } = line.target;
    const schedule = scheduleOf(reproducer, pointNames);

    test('was recorded with that bug alone, and breaks a promise that the catalogue names', () => {
      assert.deepEqual([kernel, bugs], ['mainline', [bug.id]]);
      assert.ok(bug.promises.includes(reproducer.promise), reproducer.promise);
    });

    test('replays to the same trace and gives the same file again', () => {
      for (let time = 0; time < 2; time++) {
        const recorded = record(line, setup, program, schedule, reproducer.signature);
        assert.ok(recorded !== null, 'it does not fail');
        if (RECORDS) {
          fs.writeFileSync(file, printReproducer(toReproducer(recorded.finding, pointNames)));
          return;
        }
        assert.deepEqual(toReproducer(recorded.finding, pointNames), reproducer);
      }
    });

    test('holds on mainline', () => {
      const scheduler = new ReplayScheduler(schedule, pointNames, 'lenient');
      const { verdict } = runOnce(lineOf({ settings }), program, scheduler);
      assert.deepEqual(verdict.violations.map(signatureOf), []);
    });
  });
}
