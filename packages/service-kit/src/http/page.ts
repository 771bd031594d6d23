/** Some of a list, and where the rest begins: null when nothing follows. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * One page of a list. `find` is asked for one more than `limit`, which tells whether anything follows;
 * the cursor is that of the page's last item.
 */
export async function pageOf<T>(
  limit: number,
  find: (limit: number) => Promise<readonly T[]>,
  cursorOf: (item: T) => string,
): Promise<Page<T>> {
  const found = await find(limit + 1);
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, nextCursor: last === undefined ? null : cursorOf(last) };
}
