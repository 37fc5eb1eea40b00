/**
 * A campaign killed at any moment, and what must be true of the disk afterwards. The moment is either a time
 * after the start or, because that is when files are written, the line that announces a finding.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replayOnce } from '../../src/cli/replay-once.js';
import { loadReproducer } from '../../src/cli/load.js';
import { loadCorpus } from '../../src/corpus/files.js';
import { signatureOf } from '../../src/finding/finding.js';
import { findReproducers } from '../../src/finding/store.js';
import type { Choice } from '../../src/support/choice.js';
import { Child } from './child.js';
import { filesBelow } from './temporary.js';

const ANNOUNCED = /^found (.+) \(.*: npx daxfuzz replay (\S+)\n/gm;
const TEMPORARY = /^(?:finding\.json|report\.txt|[0-9a-f]{16}\.prog)\.\d+$/;
const PLACES = ['--corpus', 'corpora', '--crashes', 'crashes'];
/** Older than any file of a campaign that could still run. */
const LONG_AGO_S = 1;

export interface Killed {
  /** When, for messages and logs. */
  readonly moment: string;
  readonly announced: number;
  readonly programs: number;
  /** Half-written files that the kill left. */
  readonly leftovers: number;
}

/** Starts a campaign in an empty directory, kills it, and checks what is left. */
export async function killCampaign(directory: string, choice: Choice): Promise<Killed> {
  const seed = String(choice.below(1 << 20));
  const byTime = choice.below(2) === 0;
  const delayMs = 300 + choice.below(2700);
  const finding = 1 + choice.below(6);
  const moment = byTime ? `seed ${seed}, ${delayMs} ms` : `seed ${seed}, finding ${finding}`;
  const bounds = ['--workers', '2', '--time', '60s', '--seed', seed];
  const child = new Child(directory, ['run', '--kernel', 'dax-v8', ...bounds, ...PLACES]);
  if (byTime) await sleep(delayMs);
  else assert.ok(await child.seen(ANNOUNCED, finding), `${moment}: ended before`);
  child.signalGroup('SIGKILL');
  const { signal, stdout, stderr } = await child.ended;
  assert.deepEqual({ signal, stdout }, { signal: 'SIGKILL', stdout: '' }, `${moment}: ${stderr}`);
  const announced = checkAnnounced(directory, stderr);
  return { moment, announced, ...checkFiles(directory) };
}

/** Every finding that the user was told of is on disk and fails again, as announced. */
export function checkAnnounced(directory: string, stderr: string): number {
  const announced = [...stderr.matchAll(ANNOUNCED)];
  for (const [, signature, name = ''] of announced) {
    assert.equal(checkReproducer(path.join(directory, name)), signature);
  }
  return announced.length;
}

/** Replays a reproducer strictly; gives its signature. */
function checkReproducer(file: string): string {
  const { reproducer, recordedOn } = loadReproducer(file);
  const { result, violations } = replayOnce({ file, kernel: recordedOn, mode: 'strict' });
  assert.equal(result.hash, reproducer.traceHash, file);
  assert.ok(violations.map(signatureOf).includes(reproducer.signature), file);
  return reproducer.signature;
}

/** Every file is one of ours and whole, but for half-written ones that their names give away. */
export function checkFiles(directory: string): { programs: number; leftovers: number } {
  const crashes = filesBelow(path.join(directory, 'crashes'));
  for (const name of crashes) {
    const base = path.basename(name);
    assert.ok(TEMPORARY.test(base) || ['finding.json', 'report.txt'].includes(base), name);
  }
  if (crashes.some((name) => name.endsWith('.json'))) {
    for (const file of findReproducers([path.join(directory, 'crashes')])) {
      checkReproducer(file);
      const report = fs.readFileSync(path.join(path.dirname(file), 'report.txt'), 'utf8');
      assert.ok(report.includes('npx daxfuzz replay'), `${file}: the end of its report is missing`);
    }
  }
  const corpus = filesBelow(path.join(directory, 'corpora'));
  for (const name of corpus) assert.match(name, /^[0-9a-f]{16}\.prog(?:\.\d+)?$/);
  const { programs, problems } = loadCorpus(path.join(directory, 'corpora'));
  assert.deepEqual(problems, []);
  const leftovers = [...crashes, ...corpus].filter((name) => TEMPORARY.test(path.basename(name)));
  return { programs: programs.length, leftovers: leftovers.length };
}

/** The next campaign goes on from there, and removes what was half written. */
export async function resumeCampaign(directory: string): Promise<void> {
  plantLeftovers(directory);
  const known = knownSignatures(directory);
  const bounds = ['--workers', '2', '--execs', '150', '--seed', '1', '--resume'];
  const child = new Child(directory, ['run', '--kernel', 'dax-v8', ...bounds, ...PLACES]);
  const { status, stdout, stderr } = await child.ended;
  assert.ok(status === 0 || status === 1, stderr);
  assert.doesNotMatch(stderr, /^daxfuzz: /m);
  assert.match(stdout, /^150 executions in/m);
  const found = checkAnnounced(directory, stderr);
  assert.equal(status, found > 0 ? 1 : 0, stderr);
  for (const [, signature = ''] of stderr.matchAll(ANNOUNCED)) {
    assert.ok(!known.includes(signature), `${signature} had been found before`);
  }
  assert.equal(checkFiles(directory).leftovers, 0, 'expected the leftovers to be removed');
}

function knownSignatures(directory: string): string[] {
  const crashes = path.join(directory, 'crashes');
  if (!filesBelow(crashes).some((name) => name.endsWith('finding.json'))) return [];
  return findReproducers([crashes]).map((file) => loadReproducer(file).reproducer.signature);
}

/** What a kill between opening and renaming leaves is rare: some more of it, and all of it old. */
function plantLeftovers(directory: string): void {
  const planted = [
    'crashes/p3-x-01234567/finding.json.1',
    'corpora/0123456789abcdef.prog.4294967295',
  ];
  for (const name of planted) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '{"format":');
  }
  for (const name of filesBelow(directory)) {
    if (!TEMPORARY.test(path.basename(name))) continue;
    fs.utimesSync(path.join(directory, name), LONG_AGO_S, LONG_AGO_S);
  }
}
