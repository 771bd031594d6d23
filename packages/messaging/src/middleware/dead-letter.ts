import { counter } from "@holdfast/telemetry";
import { deadLetterRecord } from "../dead-letter.ts";
import type { Middleware } from "../delivery.ts";
import { errorClassOf, natureOf } from "../errors.ts";
import type { Producer } from "../producer.ts";
import { systemNow } from "../system.ts";

const deadLettered = counter("dlq_records_total");

export interface DeadLetterOptions {
  readonly producer: Pick<Producer, "send">;
  /** Milliseconds since the epoch; default: the system's clock. */
  readonly now?: () => number;
}

/**
 * Writes a record that failed for good to `<topic>.<group>.dlq`, whole, and resolves, so that the
 * partition moves on. When the dead-letter topic cannot be written it throws instead: the record
 * is not passed. Transient errors and aborted deliveries are not its business and go through.
 */
export function deadLetter({ producer, now = systemNow }: DeadLetterOptions): Middleware {
  return (next) => async (context) => {
    try {
      await next(context);
    } catch (error) {
      const nature = natureOf(error);
      if (nature === "aborted" || nature === "transient") throw error;
      const { record, group, attempt, logger } = context;
      const firstFailedAtMs = context.firstFailedAtMs ?? now();
      await producer.send([
        deadLetterRecord(record, { group, error, attempts: attempt, firstFailedAtMs }),
      ]);
      context.result = "dead_lettered";
      const errorClass = errorClassOf(error);
      deadLettered.add(1, { topic: record.topic, error_class: errorClass });
      const { topic, partition, offset } = record;
      logger.error(
        { err: error, topic, partition, offset, errorClass, attempts: attempt },
        "A record went to the dead-letter topic.",
      );
    }
  };
}
