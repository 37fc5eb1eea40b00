/** What each CPU has issued and only its next fence completes. */

/** Write-backs and non-temporal stores of one CPU that await its fence: pairs of unit and count. */
export class Outstanding {
  units = new Int32Array(256);
  counts = new Int32Array(256);
  length = 0;

  push(unit: number, count: number): void {
    if (this.length === this.units.length) {
      this.units = grow(this.units);
      this.counts = grow(this.counts);
    }
    this.units[this.length] = unit;
    this.counts[this.length++] = count;
  }
}

/** Twice as long, with the same beginning. */
export function grow(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
