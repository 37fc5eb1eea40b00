/** Kernel functions by address, from a guest's /proc/kallsyms; the same for every boot, by nokaslr. */

export class Symbols {
  private readonly addresses: BigUint64Array;
  private readonly names: readonly string[];

  constructor(kallsyms: string) {
    const found: { address: bigint; name: string }[] = [];
    for (const line of kallsyms.split('\n')) {
      const [, address, name] = /^([0-9a-f]{16}) [tTwW] (\S+)/.exec(line) ?? [];
      if (name !== undefined) found.push({ address: BigInt(`0x${address}`), name });
    }
    found.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.addresses = BigUint64Array.from(found, ({ address }) => address);
    this.names = found.map(({ name }) => name);
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  get size(): number {
    return this.names.length;
  }

  /** The function in which an address is, "user" below the kernel, "?" where there is none. */
  at(address: bigint): string {
    if (address < 0x8000_0000_0000n) return 'user';
    let low = 0;
    let high = this.addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.addresses[middle] as bigint) <= address) low = middle + 1;
      else high = middle;
    }
    return this.names[low - 1] ?? '?';
  }
}
