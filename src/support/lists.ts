/** Lists that are emptied once or many times an execution, and mostly are empty. */

/** Setting `length` costs as much as a hundred additions, even to the value that it has. */
export function empty(list: unknown[]): void {
  if (list.length > 0) list.length = 0;
}
