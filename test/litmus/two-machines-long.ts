/**
 * `npm run test:litmus -- [--seed N] [--programs N] [--nt]`: the comparison of two-machines.test.ts for as
 * long as one likes. Exit code 1 and the programs where the machines differ.
 */
import { parseArgs } from 'node:util';
import { compareOnRandomPrograms } from './compare-machines.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '2' },
    programs: { type: 'string', default: '50000' },
    /** With non-temporal stores. */
    nt: { type: 'boolean', default: false },
  },
});
const programs = Number(values.programs);
const result = compareOnRandomPrograms({
  seed: BigInt(values.seed),
  programs,
  nonTemporal: values.nt,
  differencesMax: 20,
  progress: (done) => {
    if (done % 5000 === 0) process.stderr.write(`${done} of ${programs} programs\n`);
  },
});
const { differences, states } = result;
process.stdout.write(
  `${result.programs} programs, ${states} states; the modes matter on ${result.byPersistency} ` +
    `(location or line), ${result.byDomain} (adr or eadr), ${result.byFailedCas} (failed CAS)\n` +
    (differences.length === 0
      ? 'the machines agree on all of them\n'
      : `they differ on ${differences.length}:\n${differences.join('\n')}\n`),
);
process.exitCode = differences.length === 0 ? 0 : 1;
