/** Numbers and counts as people write them. */

/** 1234567 as 1,234,567. */
export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 switch`, `2 switches`. */
export function plural(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${thousands(count)} ${noun}${noun.endsWith('ch') ? 'es' : 's'}`;
}
