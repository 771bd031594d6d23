import type { TopicName } from "@holdfast/contracts";
import type { Engine, Row } from "../postgres/engine.ts";
import { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Broker } from "./broker.ts";

/** A row as outbox-insert left it. */
export interface OutboxRow extends Row {
  readonly id: string;
  readonly topic: TopicName;
  readonly key: string;
  readonly type: string;
  readonly payload: Buffer;
  readonly entityId: string;
  readonly version: number;
}

/**
 * Change data capture of one outbox: reads committed rows in the order of their commits and appends
 * them to their topics, at least once. It may fall back (a crash before it wrote down its position) or
 * lose its slot, whereupon a snapshot of the whole outbox is sent, in the order of the rows.
 */
export class Connector {
  readonly #scheduler: Scheduler;
  readonly #broker: Broker;
  readonly #engine: Engine;
  readonly #log: OutboxRow[] = [];
  #position = 0;
  #process: SimulatedProcess;
  #wake: (() => void) | undefined;

  constructor(options: { scheduler: Scheduler; broker: Broker; engine: Engine }) {
    this.#scheduler = options.scheduler;
    this.#broker = options.broker;
    this.#engine = options.engine;
    this.#engine.onCommit((writes) => {
      const rows = [...(writes.get("outbox")?.values() ?? [])] as OutboxRow[];
      if (rows.length === 0) return;
      this.#log.push(...rows);
      this.#wake?.();
    });
    this.#process = new SimulatedProcess(this.#scheduler, { name: "connector" });
    void this.#publish(this.#process);
  }

  get caughtUp(): boolean {
    return this.#position === this.#log.length;
  }

  /** A crash: `rows` that were published are published again when it is back. */
  fallBack(rows: number, awayMs: number): void {
    this.#position = Math.max(0, this.#position - rows);
    this.#restart(awayMs);
  }

  /** The slot is gone: a new one begins now, and a snapshot covers what lies before. */
  loseSlot(awayMs: number): void {
    const snapshot = this.#engine.committed("outbox") as OutboxRow[];
    this.#log.splice(0, this.#log.length, ...snapshot);
    this.#position = 0;
    this.#restart(awayMs);
  }

  #restart(awayMs: number): void {
    this.#process.kill();
    this.#process = new SimulatedProcess(this.#scheduler, { name: "connector" });
    const process = this.#process;
    void process.pause(awayMs).then(() => this.#publish(process));
  }

  async #publish(process: SimulatedProcess): Promise<never> {
    for (;;) {
      const row = this.#log[this.#position];
      if (row === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = () => process.wake(resolve);
        });
        continue;
      }
      await process.turn();
      this.#broker.append(recordOf(row));
      this.#position += 1;
    }
  }
}

/** The record that a row becomes. */
export function recordOf({ id, topic, key, type, payload, entityId, version }: OutboxRow) {
  const headers = { id, eventType: type, entityId, entityVersion: String(version) };
  return { topic, key, value: payload, headers };
}
