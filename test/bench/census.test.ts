import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CampaignSummary } from '../../src/campaign/summary.js';
import { Campaign } from '../../src/campaign/campaign.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';
import { optionsOf } from './campaign.js';
import { takeCensus } from './census.js';
import { StageLine } from './stages.js';
import type { Workload } from './workloads.js';
import { OPS_WANTED, SHORT, USUAL } from './workloads.js';

const EXECUTIONS = 700;

/** A campaign of one worker, as it is measured but for its end. */
function campaignOf(workload: Workload): Promise<CampaignSummary> {
  return inTemporaryDirectory((directory) => {
    const options = { ...optionsOf(workload, 1, directory), executionsMax: EXECUTIONS };
    const observer = {
      progress: () => undefined,
      finding: () => undefined,
      problem: (message: string) => assert.fail(message),
    };
    return new Campaign(options, observer, () => performance.now()).run();
  });
}

describe('a census', () => {
  for (const [name, workload] of [
    ['short', SHORT],
    ['usual', USUAL],
  ] as const) {
    test(`counts the ${name} programs that a campaign of one worker executes`, async () => {
      const { executions, operations } = await campaignOf(workload);
      const census = takeCensus(workload, 0, EXECUTIONS);
      assert.deepEqual([census.executions, census.operations], [executions, operations]);
    });
  }

  test('leaves out the executions before the span', () => {
    const whole = takeCensus(SHORT, 0, EXECUTIONS);
    const head = takeCensus(SHORT, 0, 300);
    const rest = takeCensus(SHORT, 300, EXECUTIONS - 300);
    assert.equal(head.operations + rest.operations, whole.operations);
    assert.equal(head.threads + rest.threads, whole.threads);
    assert.equal(head.wanted + rest.wanted, whole.wanted);
  });

  test('leaves the target as it was', () => {
    const own = Object.getOwnPropertyDescriptor(ModelTarget.prototype, 'execute');
    takeCensus(SHORT, 0, 10);
    assert.deepEqual(Object.getOwnPropertyDescriptor(ModelTarget.prototype, 'execute'), own);
  });
});

describe('the stage line', () => {
  test('executes the same programs each time, of the length that the goal names', () => {
    const line = new StageLine();
    const first = line.measure(20, 200);
    const { low, high } = OPS_WANTED;
    const mean = first.operations / first.executions;
    assert.ok(mean >= low && mean <= high, `${mean} operations`);
    const again = line.measure(20, 200);
    for (const name of ['executions', 'operations', 'events', 'cuts'] as const) {
      assert.equal(again[name], first[name]);
    }
    assert.equal(line.times.length, 2);
  });
});
