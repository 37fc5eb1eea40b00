/**
 * Shows the kernel model's features to jsfuzz, whose only feedback is how many of istanbul's counters are
 * not zero: a made-up file in `__coverage__` whose branches are the features' places, folded to a few
 * thousand, because jsfuzz sums all counters after every execution.
 */
import { FeatureCollector } from './features.js';
import { COVERAGE_PLACES } from './place.js';

const COUNTERS = 4096;

interface IstanbulFile {
  s: Record<string, number>;
  f: Record<string, number>;
  b: Record<string, number[]>;
}

export class JsfuzzBridge {
  private readonly map = new Uint8Array(COVERAGE_PLACES);
  readonly collector = new FeatureCollector(this.map);
  private readonly counters = new Array<number>(COUNTERS).fill(0);

  constructor() {
    const scope = globalThis as { __coverage__?: Record<string, IstanbulFile> };
    scope.__coverage__ ??= {};
    scope.__coverage__['daxfuzz-features'] = { s: {}, f: {}, b: { 0: this.counters } };
  }

  /** Call after `collector` has found something new. */
  publish(): void {
    for (let place = 0; place < COVERAGE_PLACES; place++) {
      if (this.map[place] !== 0) this.counters[place % COUNTERS] = 1;
    }
  }
}
