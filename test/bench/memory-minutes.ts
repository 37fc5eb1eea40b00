/** Samples of memory by the minute, and whether the last is like the first. */

export interface Sample {
  /** The middle of the span that the sample speaks of, since the start. */
  readonly middleMs: number;
  /** Of the whole process. */
  readonly rss: number;
  /** Peak heap and external memory of each worker since the sample before; 0 if it did not look. */
  readonly workers: readonly number[];
  /** Programs kept. */
  readonly corpus: number;
}

/** The peaks of one minute, in bytes. */
export interface Minute {
  readonly minute: number;
  readonly rss: number;
  readonly workers: readonly number[];
  readonly corpus: number;
}

const MINUTE_MS = 60_000;
/** How far the last minute may be from the first. */
export const FLAT_WITHIN = 0.1;

/** Minutes are numbered from 1; those without a sample are left out. */
export function minutesOf(samples: readonly Sample[]): Minute[] {
  const minutes = new Map<number, Minute>();
  for (const { middleMs, rss, workers, corpus } of samples) {
    const minute = 1 + Math.floor(middleMs / MINUTE_MS);
    const before = minutes.get(minute) ?? { rss: 0, workers: [], corpus: 0 };
    minutes.set(minute, {
      minute,
      rss: Math.max(before.rss, rss),
      workers: workers.map((bytes, worker) => Math.max(bytes, before.workers[worker] ?? 0)),
      corpus: Math.max(before.corpus, corpus),
    });
  }
  return [...minutes.values()];
}

export interface Flatness {
  /** Peak of the last minute by that of the first. */
  readonly ratio: number;
  readonly isFlat: boolean;
}

export function flatnessOf(minutes: readonly Minute[], peak: (minute: Minute) => number): Flatness {
  const peaks = minutes.map(peak);
  const ratio = (peaks[peaks.length - 1] ?? NaN) / (peaks[0] ?? NaN);
  return { ratio, isFlat: Math.abs(ratio - 1) <= FLAT_WITHIN };
}
