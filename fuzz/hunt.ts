/**
 * The body of the targets that run the whole line: execute, judge, tell jsfuzz what was new, and throw the
 * report of the first violation. The message is all that jsfuzz keeps, so it holds everything.
 */
import { JsfuzzBridge } from '../src/coverage/jsfuzz-bridge.js';
import { signatureOf } from '../src/finding/finding.js';
import { ModelTarget } from '../src/kernel/model-target.js';
import type { KernelSpec } from '../src/kernel/model-target.js';
import { Image } from '../src/media/image.js';
import { Judge } from '../src/oracle/judge.js';
import { printReport } from '../src/report/report.js';
import type { Line } from '../src/run.js';
import { DEFAULT_SETTINGS, runOnce } from '../src/run.js';
import { decodeInput } from './input.js';

export class FoundViolation extends Error {
  override readonly name = 'FoundViolation';
}

/** A fuzz function for one kernel. */
export function hunter(kernel: KernelSpec): (bytes: Uint8Array) => void {
  const line: Line = {
    target: ModelTarget.of(kernel),
    judge: new Judge(new Image()),
    settings: DEFAULT_SETTINGS,
  };
  const bridge = new JsfuzzBridge();
  return (bytes) => {
    const { program, scheduler } = decodeInput(bytes);
    const { execution, verdict } = runOnce(line, program, scheduler);
    const added = bridge.collector.collect(execution.trace, program.geometry, program.files.length);
    if (added > 0) bridge.publish();
    const violation = verdict.violations[0];
    if (violation === undefined) return;
    const { trace, schedule } = execution;
    const { fs, domain, persistency } = DEFAULT_SETTINGS;
    const setup = { ...kernel, fs, domain, persistency };
    const finding = { setup, program, schedule, violation, traceHash: trace.hash() };
    const options = { pointNames: line.target.pointNames, file: null };
    throw new FoundViolation(`${signatureOf(violation)}\n${printReport(finding, trace, options)}`);
  };
}
