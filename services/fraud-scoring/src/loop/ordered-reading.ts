import type { AssignedPartition, IncomingRecord } from "@holdfast/messaging";
import type { Logger } from "@holdfast/telemetry";

const sightingsOfHole = 3;

/**
 * Makes sure that records are applied from the expected offset on, none twice and none skipped:
 * the state's own position counts, whatever offset the consumer group remembers.
 */
export class OrderedReading {
  readonly #stay: Pick<AssignedPartition, "seek">;
  readonly #logger: Logger;
  #gap = "";
  #sightings = 0;

  constructor(stay: Pick<AssignedPartition, "seek">, logger: Logger) {
    this.#stay = stay;
    this.#logger = logger;
  }

  /** The records from `expected` on. None when reading has to go back, or forward, first. */
  inOrder(records: readonly IncomingRecord[], expected: number): readonly IncomingRecord[] {
    if (records.length === 0) return [];
    const start = records.findIndex(({ offset }) => Number(offset) >= expected);
    const first = records[start];
    if (first !== undefined && (Number(first.offset) === expected || start > 0)) {
      return start === 0 ? records : records.slice(start);
    }
    if (first !== undefined && this.#isHole(expected, Number(first.offset))) return records;
    this.#stay.seek(String(expected));
    return [];
  }

  /** What is missing again after it was asked for is not on the log: markers, or expired records. */
  #isHole(expected: number, found: number): boolean {
    const gap = `${expected}-${found}`;
    this.#sightings = gap === this.#gap ? this.#sightings + 1 : 1;
    this.#gap = gap;
    if (this.#sightings < sightingsOfHole) return false;
    this.#logger.warn({ position: expected, skipped: found - expected }, "The log has a hole.");
    return true;
  }
}
