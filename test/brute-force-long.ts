/**
 * `npm run test:brute -- [--seed N] [--programs N] [--shared]`: the comparison of brute-force.test.ts for as
 * long as one likes; with --shared that of brute-force-shared.test.ts. Exit code 1 and the program if the two
 * checkers ever differ.
 */
import { parseArgs } from 'node:util';
import { compareOnRandomPrograms, compareOnSharedBlocks } from './helpers/brute-force.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '2' },
    programs: { type: 'string', default: '200000' },
    shared: { type: 'boolean', default: false },
  },
});
const programs = Number(values.programs);
const compare = values.shared ? compareOnSharedBlocks : compareOnRandomPrograms;
const result = compare(BigInt(values.seed), programs, (done) => {
  if (done % 10_000 === 0) process.stderr.write(`${done} of ${programs} programs\n`);
});
const { compared, tooLarge, broken, difference } = result;
process.stdout.write(
  `${compared} programs judged by both, ${broken} of them with a broken promise or an exposed file; ` +
    `${tooLarge} left out because some cut has too many crash states\n` +
    (difference === null ? 'the checkers agree on all of them\n' : `they differ:\n${difference}\n`),
);
process.exitCode = difference === null ? 0 : 1;
