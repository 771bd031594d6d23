/** A card's wish to be woken. */
export interface Timer {
  readonly dueAt: number;
  readonly card: string;
}

/**
 * A binary heap of timers in the order (due time, card). Timers are never removed when a card
 * changes: whoever takes one compares it with the card's own `dueAt`.
 */
export class TimerQueue {
  #heap: Timer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Timer | undefined {
    return this.#heap[0];
  }

  push(timer: Timer): void {
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(timer);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!precedes(timer, above)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = timer;
  }

  /** Takes the first timer. */
  pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  /** Starts anew from `timers`. */
  reset(timers: Iterable<Timer>): void {
    this.#heap = [...timers].sort((a, b) => (precedes(a, b) ? -1 : 1));
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const isRight = right < heap.length && precedes(heap[right] as Timer, heap[left] as Timer);
      const child = isRight ? right : left;
      if (!precedes(heap[child] as Timer, timer)) break;
      heap[hole] = heap[child] as Timer;
      hole = child;
    }
    heap[hole] = timer;
  }
}

/** Code units, as Postgres orders under COLLATE "C" for the ASCII of fingerprints. */
function precedes(a: Timer, b: Timer): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.card < b.card);
}
