/**
 * The reproducer parser: whatever the bytes, it gives a reproducer or says what is wrong. What it accepts
 * prints and parses to itself, down to program and schedule.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  parseReproducer,
  printReproducer,
  programOf,
  scheduleOf,
} from '../src/finding/reproducer.js';
import { POINT_NAMES } from '../src/kernel/points.js';
import { parseProgram, printProgram } from '../src/program/text.js';
import { parseSchedule, printSchedule } from '../src/schedule/text.js';
import { assert, UsageError } from '../src/support/assert.js';

export function fuzz(bytes: Buffer): void {
  try {
    const reproducer = parseReproducer(bytes.toString('utf8'), 'input');
    const again = parseReproducer(printReproducer(reproducer), 'printed');
    assert(isDeepStrictEqual(reproducer, again), 'a printed reproducer parses to something else');
    const program = programOf(reproducer);
    const sameProgram = parseProgram(printProgram(program));
    assert(isDeepStrictEqual(program, sameProgram), 'a printed program parses to something else');
    const schedule = scheduleOf(reproducer, POINT_NAMES);
    const sameSchedule = parseSchedule(printSchedule(schedule, POINT_NAMES), POINT_NAMES);
    assert(
      isDeepStrictEqual(schedule, sameSchedule),
      'a printed schedule parses to something else',
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}
