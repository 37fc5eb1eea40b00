/**
 * A tree of decisions, one leaf an execution: whoever makes the same decisions as before is led down one path
 * after the other, depth first, the first alternative of each decision first.
 */
interface Decision {
  taken: number;
  readonly of: number;
}

export class Decisions {
  private readonly path: Decision[] = [];
  private depth = 0;

  /** Another tree: all of its paths are still to come. */
  restart(): void {
    this.path.length = 0;
  }

  /** Back to the root. */
  begin(): void {
    this.depth = 0;
  }

  /** Which of `of` alternatives to take. */
  decide(of: number): number {
    if (of === 1) return 0;
    const decision = (this.path[this.depth] ??= { taken: 0, of });
    this.depth++;
    return decision.taken;
  }

  /** Moves on to the next path, after an execution; false after the last one. */
  advance(): boolean {
    this.path.length = this.depth;
    for (;;) {
      const last = this.path.at(-1);
      if (last === undefined) return false;
      if (++last.taken < last.of) return true;
      this.path.pop();
    }
  }
}
