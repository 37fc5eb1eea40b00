/**
 * The fast checker: decides all cuts and all survivor sets of one execution in one pass over its trace.
 *
 * It rests on two facts. `durable` never falls, so a promise that holds at the cut of its return holds at
 * every later one; and units survive independently, so the worst survivor of each is its durable prefix.
 * A durability promise is therefore one comparison per pending unit in its range, made once. What a file
 * shows depends on a metadata version and on chains; each of those can survive during an interval of cuts,
 * so the exposure rule looks only where an interval begins: at a store and at a commit.
 *
 * The pass finds *candidates*; each is confirmed by building its crash image, recovering the files from its
 * bytes, and asking the plain definition (expectation.ts). What is not confirmed is not reported.
 */
import type { Disk } from '../media/disk.js';
import type { Image } from '../media/image.js';
import type { Program } from '../program/program.js';
import { AT, EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { checkFree, checkLoad, checkPin, checkReuse, checkStore } from './coherence.js';
import { DurabilityRule } from './durability.js';
import { ExposureRule } from './exposure.js';
import { FrozenRule } from './frozen.js';
import { TraceInvariants } from './invariants.js';
import { LogRule } from './log-rule.js';
import { MeaningRule } from './meaning.js';
import { PoisonRule } from './poison.js';
import { PrivateRule } from './private.js';
import { RecoveryCuts } from './recovery-cuts.js';
import { RecoveryRule } from './recovery.js';
import { RemovedRule } from './removed.js';
import type { JudgeOptions, Verdict } from './state.js';
import { ASTRAY, JudgeState, NO_FILLER, TWO_FILLERS } from './state.js';
import { TimeRule } from './time-rule.js';

export class Judge {
  private readonly state: JudgeState;
  private readonly durability: DurabilityRule;
  private readonly exposure: ExposureRule;
  private readonly meaning: MeaningRule;
  private readonly privates: PrivateRule;
  private readonly recovery: RecoveryRule;
  private readonly frozen: FrozenRule;
  private readonly log: LogRule;
  private readonly times: TimeRule;
  private readonly removed: RemovedRule;
  private readonly invariants: TraceInvariants;
  private readonly cuts: RecoveryCuts;
  private readonly poison: PoisonRule;

  /** `media` is where durable lines go: a mapped file in a worker, memory elsewhere. */
  constructor(media: Image) {
    this.state = new JudgeState(media);
    this.durability = new DurabilityRule(this.state);
    this.exposure = new ExposureRule(this.state);
    this.meaning = new MeaningRule(this.state);
    this.privates = new PrivateRule(this.state);
    this.recovery = new RecoveryRule(this.state);
    this.frozen = new FrozenRule(this.state);
    this.log = new LogRule(this.state);
    this.times = new TimeRule(this.state);
    this.removed = new RemovedRule(this.state);
    this.invariants = new TraceInvariants(this.state, this.frozen);
    this.cuts = new RecoveryCuts(this.state);
    this.poison = new PoisonRule(this.state);
  }

  judge(program: Program, trace: Trace, disk: Disk, options: JudgeOptions): Verdict {
    const { state } = this;
    state.reset(program, trace, disk, options);
    this.resetRules();
    const seesInvariants = options.invariants === true;
    if (seesInvariants) this.invariants.reset();
    const { history, verdict } = state;
    let statesLog2 = history.statesLog2;
    let states = Math.round(2 ** statesLog2);
    verdict.states = states;
    for (let event = 0; event < trace.length; event++) {
      const kind = trace.kind(event);
      this.fold(event, kind);
      if (seesInvariants) this.invariants.see(event, kind);
      if (history.statesLog2 !== statesLog2) {
        statesLog2 = history.statesLog2;
        states = Math.round(2 ** statesLog2);
        if (statesLog2 > verdict.statesLog2Max) verdict.statesLog2Max = statesLog2;
      }
      verdict.states += states;
    }
    if (seesInvariants) verdict.broken.push(...this.invariants.broken);
    return verdict;
  }

  private resetRules(): void {
    this.durability.reset();
    this.exposure.reset();
    this.meaning.reset();
    this.privates.reset();
    this.recovery.reset();
    this.frozen.reset();
    this.times.reset();
    this.removed.reset();
    this.cuts.reset();
    this.poison.reset();
  }

  private fold(event: number, kind: number): void {
    const { state } = this;
    const { history, view } = state;
    if (kind === EVENT.extent_map || kind === EVENT.extent_remap) noteOwner(state, event);
    history.apply(event);
    view.apply(event);
    this.times.apply(event);
    if (this.poison.any || kind === EVENT.media_error) this.poison.see(event, kind);
    switch (kind) {
      case EVENT.op_enter:
        this.enter(event);
        break;
      case EVENT.sync_range:
        this.durability.cover(event);
        break;
      case EVENT.op_exit:
        this.exit(event);
        break;
      case EVENT.extent_unmap:
        checkFree(state, event);
        this.durability.noteMetadata(event);
        this.frozen.metadata(event);
        this.meaning.change(event);
        break;
      case EVENT.extent_map:
      case EVENT.extent_remap:
      case EVENT.i_size:
        this.durability.noteMetadata(event);
        this.frozen.metadata(event);
        this.meaning.change(event);
        break;
      case EVENT.inode_time:
        this.frozen.times(event);
        break;
      case EVENT.store:
        this.log.store(event);
        checkStore(state, this.durability, event);
        this.exposure.store(event);
        this.frozen.store(event);
        this.removed.store(event);
        this.meaning.change(event);
        break;
      case EVENT.content:
        this.meaning.change(event);
        break;
      case EVENT.journal_commit:
        this.exposure.commit(event);
        this.frozen.commit(event);
        this.times.commit(event);
        this.log.commit(event);
        break;
      case EVENT.kill_dax:
        this.meaning.disturb();
        break;
      case EVENT.pin:
        checkPin(state, event);
        break;
      case EVENT.load:
        if (!this.poison.any || !this.poison.showsLost(event)) checkLoad(state, event);
        this.privates.load(event);
        this.removed.load(event);
        break;
      default:
        break;
    }
    this.recovery.after(event);
  }

  private enter(event: number): void {
    this.durability.enter(event);
    this.meaning.enter(event);
    this.frozen.enter(event);
    this.removed.enter(event);
    this.privates.enter(event);
  }

  private exit(event: number): void {
    this.meaning.exit(event);
    const made = this.durability.exit(event);
    if (made !== null) {
      this.times.exit(made);
      this.log.exit(event);
      this.cuts.exit(event);
    }
    this.frozen.exit(event);
    this.removed.exit(event);
    this.privates.exit(event);
  }
}

/** A block comes to a page. */
function noteOwner(state: JudgeState, event: number): void {
  checkReuse(state, event);
  const { trace, view, tainted, filledBy, astray } = state;
  const block = trace.argument(event, AT.extent_map.block);
  tainted[block] = 0; // to be looked at when it is committed
  const ino = trace.argument(event, AT.extent_map.ino);
  const page = view.pageIndex(ino, trace.argument(event, AT.extent_map.page));
  if (filledBy[block] === TWO_FILLERS) astray[page] = ASTRAY.copied;
  filledBy[block] = NO_FILLER;
}
