/** Features are small tuples of numbers, hashed to the places of a byte map that workers share. */
export const COVERAGE_PLACES = 65_536;

export function placeOf(a: number, b: number, c: number, d: number): number {
  let z =
    Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 3, 0x85ebca77) ^ Math.imul(c + 5, 0xc2b2ae3d);
  z = Math.imul(z ^ (z >>> 15) ^ Math.imul(d + 7, 0x27d4eb2f), 0x165667b1);
  return (z ^ (z >>> 13)) & (COVERAGE_PLACES - 1);
}
