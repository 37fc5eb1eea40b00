/** Who takes part in the rounds, and which of their rates are compared. */
import { measureCampaign } from './campaign.js';
import type { Goal } from './goals.js';
import { GOALS } from './goals.js';
import { measureJsfuzz } from './jsfuzz.js';
import { measureOnePass } from './one-pass.js';
import { measureFastCheck, measurePlainLoop } from './property.js';
import type { Contestant, Quantity } from './rounds.js';
import type { StageLine } from './stages.js';
import { SHORT, USUAL } from './workloads.js';

/** The stage line takes part as well, and keeps the times of its stages. */
export function contestantsWith(line: StageLine): Contestant[] {
  const quick = (name: string, title: string, measure: Contestant['measure']): Contestant => ({
    name,
    title,
    measure,
    warmUp: measure,
  });
  return [
    {
      name: 'shortOneWorker',
      title: 'whole line, short programs, 1 worker',
      measure: () => measureCampaign(SHORT, 1),
    },
    {
      name: 'shortTwoWorkers',
      title: 'whole line, short programs, 2 workers',
      measure: () => measureCampaign(SHORT, 2),
    },
    quick('wantedOneThread', 'whole line, 10-20 operations in 2 threads', () => line.measure()),
    {
      name: 'usualOneWorker',
      title: 'whole line, usual programs, 1 worker',
      measure: () => measureCampaign(USUAL, 1),
    },
    {
      name: 'usualTwoWorkers',
      title: 'whole line, usual programs, 2 workers',
      measure: () => measureCampaign(USUAL, 2),
    },
    quick('onePass', 'machine, one pass of daxfuzz', measureOnePass),
    quick('fastCheck', 'machine, fast-check property', measureFastCheck),
    { name: 'jsfuzz', title: 'machine, jsfuzz target', measure: () => measureJsfuzz() },
    quick('plainLoop', 'machine, plain loop', measurePlainLoop),
  ];
}

export interface Ratio {
  readonly name: string;
  readonly title: string;
  readonly above: string;
  readonly below: string;
  readonly what: Quantity;
  readonly goal?: Goal;
}

export const RATIOS: readonly Ratio[] = [
  {
    name: 'shortTwoWorkersToOne',
    title: 'executions: short programs, 2 workers / 1 worker',
    above: 'shortTwoWorkers',
    below: 'shortOneWorker',
    what: 'executions',
    goal: GOALS.twoWorkersToOne,
  },
  {
    name: 'usualTwoWorkersToOne',
    title: 'executions: usual programs, 2 workers / 1 worker',
    above: 'usualTwoWorkers',
    below: 'usualOneWorker',
    what: 'executions',
    goal: GOALS.twoWorkersToOne,
  },
  {
    name: 'onePassToFastCheckExecutions',
    title: 'executions: one pass / fast-check',
    above: 'onePass',
    below: 'fastCheck',
    what: 'executions',
    goal: GOALS.onePassToFastCheckExecutions,
  },
  {
    name: 'onePassToFastCheckCuts',
    title: 'cuts: one pass / fast-check',
    above: 'onePass',
    below: 'fastCheck',
    what: 'cuts',
  },
  {
    name: 'onePassToJsfuzzExecutions',
    title: 'executions: one pass / jsfuzz',
    above: 'onePass',
    below: 'jsfuzz',
    what: 'executions',
  },
  {
    name: 'onePassToJsfuzzCuts',
    title: 'cuts: one pass / jsfuzz',
    above: 'onePass',
    below: 'jsfuzz',
    what: 'cuts',
  },
  {
    name: 'onePassToPlainLoopCuts',
    title: 'cuts: one pass / plain loop',
    above: 'onePass',
    below: 'plainLoop',
    what: 'cuts',
  },
  {
    name: 'usualToFastCheckCuts',
    title: 'cuts: usual programs, 1 worker / fast-check',
    above: 'usualOneWorker',
    below: 'fastCheck',
    what: 'cuts',
  },
];

/** Goals of rates a second. */
export const RATE_GOALS: readonly { name: string; what: Quantity; goal: Goal }[] = [
  { name: 'shortOneWorker', what: 'executions', goal: GOALS.wholeLineExecutions },
  { name: 'wantedOneThread', what: 'executions', goal: GOALS.wholeLineExecutions },
  { name: 'onePass', what: 'cuts', goal: GOALS.onePassCuts },
];
