/** Orders for sort(), whose default compares numbers as text; none of them asks the locale. */

export const ascending = (a: number, b: number): number => a - b;

/** By code units, as `<` does. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
