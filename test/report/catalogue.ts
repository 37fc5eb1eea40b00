/** The kept findings of the catalogue, replayed, for tests of what is said about them. */
import path from 'node:path';
import { programOf, scheduleOf, setupOf } from '../../src/finding/reproducer.js';
import { readReproducer } from '../../src/finding/store.js';
import type { Recorded } from '../../src/minimize/record.js';
import { record } from '../../src/minimize/record.js';
import { assert as check } from '../../src/support/assert.js';
import { lineOf } from '../helpers/lines.js';
import { ROOT } from '../helpers/temporary.js';

export function recorded(id: string): Recorded {
  const reproducer = readReproducer(path.join(ROOT, 'crashes', 'catalogue', `${id}.json`));
  const { kernel, bugs } = reproducer;
  const setup = setupOf(reproducer);
  const line = lineOf({ kernel, bugs, settings: setup });
  const schedule = scheduleOf(reproducer, line.target.pointNames);
  const found = record(line, setup, programOf(reproducer), schedule, reproducer.signature);
  check(found !== null, `${id} fails as recorded`);
  return found;
}
