/**
 * The kill test for longer: `node dist/test/kill-long.js --rounds 20 --seed 1`. Ends with exit code 1 at the
 * first round that loses something, whose line says when it was killed.
 */
import { parseArgs } from 'node:util';
import { messageOf } from '../src/support/assert.js';
import { Prng } from '../src/support/prng.js';
import { killCampaign, resumeCampaign } from './helpers/kill.js';
import { inTemporaryDirectory } from './helpers/temporary.js';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
  });
  const choice = Prng.fromSeed(BigInt(values.seed));
  for (let round = 1; round <= Number(values.rounds); round++) {
    await inTemporaryDirectory(async (directory) => {
      const { moment, announced, programs, leftovers } = await killCampaign(directory, choice);
      process.stdout.write(
        `${round}: killed (${moment}): findings announced ${announced}, programs ${programs}, ` +
          `half-written files ${leftovers}\n`,
      );
      await resumeCampaign(directory);
    });
  }
  process.stdout.write('nothing lost\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
