/** Lets few starts run at once, so that a small machine is not asked for ten at a time. */
export class Slots {
  private free: number;
  private readonly queue: { readonly rank: number; readonly go: () => void }[] = [];

  constructor(size: number) {
    this.free = size;
  }

  /** Runs `work` once a slot is free; of those that wait, the highest `rank` goes first. */
  async use<T>(rank: number, work: () => Promise<T>): Promise<T> {
    await this.take(rank);
    try {
      return await work();
    } finally {
      this.give();
    }
  }

  private take(rank: number): Promise<void> {
    return new Promise((resolve) => {
      this.queue.push({ rank, go: resolve });
      // Those that become free to start in one turn compete by rank, not by who asked first.
      queueMicrotask(() => this.next());
    });
  }

  private give(): void {
    this.free++;
    this.next();
  }

  private next(): void {
    if (this.free === 0 || this.queue.length === 0) return;
    this.queue.sort((a, b) => b.rank - a.rank);
    this.free--;
    this.queue.shift()?.go();
  }
}
