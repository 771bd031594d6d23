/**
 * A binary heap in an array. Flink keeps partial matches in `java.util.PriorityQueue`, whose order
 * among equals decides which of several matches with one first event a skip strategy keeps; so the
 * same moves are made here as there.
 */
type Less<T> = (a: T, b: T) => boolean;

export function offer<T>(heap: T[], item: T, less: Less<T>): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const above = heap[parent] as T;
    if (!less(item, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = item;
}

export function poll<T>(heap: T[], less: Less<T>): T | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (heap.length > 0) siftDown(heap, { at: 0, item: last as T }, less);
  return top;
}

/** Restores the order after items were filtered out. */
export function heapify<T>(heap: T[], less: Less<T>): T[] {
  for (let at = (heap.length >>> 1) - 1; at >= 0; at--) {
    siftDown(heap, { at, item: heap[at] as T }, less);
  }
  return heap;
}

function siftDown<T>(
  heap: T[],
  from: { readonly at: number; readonly item: T },
  less: Less<T>,
): void {
  const { item } = from;
  let { at } = from;
  const half = heap.length >>> 1;
  while (at < half) {
    let child = 2 * at + 1;
    const right = child + 1;
    if (right < heap.length && less(heap[right] as T, heap[child] as T)) child = right;
    const below = heap[child] as T;
    if (!less(below, item)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = item;
}
