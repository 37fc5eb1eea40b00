/**
 * Disks whose metadata only a mount can read: what a file system makes of a crash is no comparison of
 * counts, so it is tried out. At a few cuts an image is mounted that kept nothing but what is durable for
 * certain, or something more. All promises made until then are asked about, and no file may show bytes that
 * were never its own.
 *
 * This is a sample, and the verdict says how large it was. It is drawn by the program, so that one that runs
 * again is asked nearly the same. Whoever looks at a failure closely has every state tried that was certain
 * at some cut, and first the crashes that showed something before. What each call promised about the bytes
 * of files is decided for all survivors by the durability rule beside it.
 */
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import type { RecoveredFiles } from '../media/disk.js';
import { printProgram } from '../program/text.js';
import type { Choice } from '../support/choice.js';
import { pick } from '../support/choice.js';
import { hashText } from '../support/hash.js';
import { Prng } from '../support/prng.js';
import { AT, EVENT } from '../trace/event.js';
import { dataByte } from '../trace/trace.js';
import type { Mechanism } from './mechanism.js';
import type { Mismatch } from './mismatch.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';
import { Survival } from './survival.js';
import { symptomOf } from './symptom.js';
import { wrongIn } from './wrong.js';

/** Of what is not certain: nothing, all, or what is drawn. */
type Kept = 'none' | 'all' | Choice;

/** Parts of a trace in which cuts are drawn. */
const CUT_PLACES = 1 << 20;
/** Images of one execution that is looked at closely: a guard against long programs. */
const IMAGES_MAX = 120;

/** Events by which a cut may be elsewhere in another run. */
const HINT_SPREAD = 3;

/** A crash that showed something in an earlier run of the program: which lines kept what, and where. */
interface Hint {
  readonly cut: number;
  readonly kept: ReadonlyMap<number, number>;
}

export class RecoveryRule {
  private survival!: Survival;
  /** Where images are drawn, and from what: the first are the same however many there are. */
  private readonly cuts = new Map<number, Prng[]>();
  private readonly hints: Hint[] = [];
  /** Whether something may have become durable since the last image that kept nothing more. */
  private isNews = false;
  /** What each image was found to hold, or why it was not recovered. */
  private readonly mounted = new Map<string, RecoveredFiles | string>();

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    const { trace, options, disk, program, history } = this.state;
    if (disk.kind === 'fresh') return;
    this.cuts.clear();
    this.mounted.clear();
    this.hints.length = 0;
    this.isNews = false;
    if (trace.length === 0) return;
    this.survival = new Survival(history, trace);
    const choice = Prng.fromSeed(BigInt(`0x${hashText(printProgram(program))}`));
    const returns: number[] = [];
    for (let event = 0; event < trace.length; event++) {
      if (trace.kind(event) === EVENT.op_exit) returns.push(event);
    }
    for (let i = 0; i < options.images; i++) {
      // Half of them where a call returns: that is where promises begin. The others by their part of the
      // trace, whose length an interrupt more or less may change.
      const drawn = choice.split();
      const atReturn = drawn.below(2) === 0 && returns.length > 0;
      const place = drawn.below(CUT_PLACES) / CUT_PLACES;
      const cut = atReturn ? pick(drawn, returns) : Math.floor(place * trace.length);
      this.cuts.set(cut, [...(this.cuts.get(cut) ?? []), drawn]);
    }
    for (const { cut, short } of options.closely?.plans ?? []) {
      this.hints.push({ cut, kept: new Map(short.map(({ unit, kept }) => [unit, kept])) });
    }
  }

  /** Whatever event it was. */
  after(event: number): void {
    const { state } = this;
    if (state.disk.kind === 'fresh') return;
    for (const hint of this.hints) {
      if (Math.abs(event - hint.cut) <= HINT_SPREAD) this.tryHint(event, hint);
    }
    if (state.options.closely !== undefined) this.tryCertain(event);
    for (const choice of this.cuts.get(event) ?? []) {
      // Nothing more than what is certain is the worst for promises; something of the rest for journals.
      const draw = choice.below(8);
      this.tryDrawn(event, draw < 4 ? 'none' : draw === 4 ? 'all' : choice);
    }
  }

  /** An execution that has failed has failed: mounting is what costs most. */
  private isDone(): boolean {
    const { options, verdict } = this.state;
    return options.closely?.stopsAtFirst !== false && verdict.violations.length > 0;
  }

  private tryHint(cut: number, { kept }: Hint): void {
    const { history } = this.state;
    if (this.isDone()) return;
    const short = history.pending().map((unit) => {
      const visible = history.visible[unit] as number;
      const wanted = Math.min(visible, kept.get(unit) ?? visible);
      return { unit, kept: Math.max(wanted, history.durable[unit] as number) };
    });
    this.tryImage(cut, short);
  }

  /** Where fences and returns leave a state that nobody has seen yet: with nothing more than it. */
  private tryCertain(event: number): void {
    const { trace, verdict } = this.state;
    const kind = trace.kind(event);
    if (kind === EVENT.fence || kind === EVENT.flush) this.isNews = true;
    const isReturn = kind === EVENT.op_exit;
    if (kind !== EVENT.fence && !isReturn) return;
    if (verdict.imagesMounted >= IMAGES_MAX) return;
    if (this.isNews || isReturn) this.tryDrawn(event, 'none');
    if (isReturn) this.tryDrawn(event, 'all');
    this.isNews = false;
  }

  private tryDrawn(cut: number, kept: Kept): void {
    const { disk } = this.state;
    if (disk.kind === 'fresh' || this.isDone()) return;
    const draw = (from: number, to: number): number =>
      kept === 'none' ? from : kept === 'all' ? to : from + kept.below(to - from + 1);
    this.tryImage(cut, this.survival.draw(disk.atomicBytes, draw));
  }

  private tryImage(cut: number, short: readonly ShortUnit[]): void {
    const plan = this.planOf(cut, short);
    const files = this.mount(plan);
    if (typeof files !== 'string') {
      this.checkFiles(files, plan);
      return;
    }
    const { pageSize } = this.state.layout.geometry;
    const whole = this.survival.withoutTearing(short, pageSize);
    if (whole === null) {
      this.reportMount('not-recovered', files, plan);
      return;
    }
    // Is it for nothing else than a block of which only a part was written?
    const wholePlan = this.planOf(cut, whole);
    const wholeFiles = this.mount(wholePlan);
    if (typeof wholeFiles === 'string') {
      this.reportMount('not-recovered', wholeFiles, wholePlan);
      return;
    }
    this.reportMount('torn-block', files, plan);
    if (!this.isDone()) this.checkFiles(wholeFiles, wholePlan);
  }

  private planOf(cut: number, short: readonly ShortUnit[]): CrashPlan {
    const { history } = this.state;
    const lost = short.filter(({ unit, kept }) => kept < (history.visible[unit] as number));
    return { cut, version: 0, short: lost };
  }

  /** The same image as before needs no mount, but by now more may have been promised of it. */
  private mount(plan: CrashPlan): RecoveredFiles | string {
    const { state } = this;
    state.verdict.images++;
    const kept = new Map(plan.short.map((unit) => [unit.unit, unit.kept]));
    const key = state.history.survivorKey(kept);
    let files = this.mounted.get(key);
    if (files === undefined) {
      files = state.recover(plan);
      this.mounted.set(key, files);
    }
    return files;
  }

  private checkFiles(files: RecoveredFiles, plan: CrashPlan): void {
    for (const wrong of wrongIn(this.state, files, plan.cut)) {
      const { promise, op, ino, offset, detail } = wrong;
      const lost = offset < 0 ? 'metadata-lost' : 'content-lost';
      const mechanism = promise === 'P9' ? this.originOf(wrong, plan.cut) : lost;
      this.report(promise, mechanism, op, ino, offset, detail, plan);
    }
  }

  private originOf({ ino, offset, found }: Mismatch, cut: number): Mechanism {
    return this.isOfAnother(ino, offset, found, cut)
      ? 'reused-before-commit'
      : 'stale-block-exposed';
  }

  /** Whether it is what another file got at that place of a page: nobody else knows where blocks were. */
  private isOfAnother(ino: number, offset: number, found: number, cut: number): boolean {
    const { trace, layout } = this.state;
    const { pageSize } = layout.geometry;
    for (let event = 0; event <= cut; event++) {
      if (trace.kind(event) !== EVENT.store) continue;
      const owner = trace.argument(event, AT.store.ino);
      if (owner < 0 || owner === ino) continue;
      const from = trace.argument(event, AT.store.offset);
      const before = (((offset - from) % pageSize) + pageSize) % pageSize;
      if (before >= trace.argument(event, AT.store.length)) continue;
      if (dataByte(trace, trace.argument(event, AT.store.data), before) === found) return true;
    }
    return false;
  }

  private reportMount(mechanism: Mechanism, why: string, plan: CrashPlan): void {
    this.report('P0', mechanism, -1, -1, -1, `is not recovered: ${why}`, plan);
  }

  private report(
    promise: PromiseId,
    mechanism: Mechanism,
    op: number,
    ino: number,
    offset: number,
    detail: string,
    plan: CrashPlan,
  ): void {
    const { state } = this;
    if (state.isRepeat(promise, mechanism, op, ino, symptomOf({ promise, detail }))) return;
    const event = plan.cut;
    state.report({ promise, mechanism, op, event, ino, offset, store: -1, detail }, plan);
  }
}
