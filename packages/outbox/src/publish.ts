import type { Codec } from "@holdfast/messaging";
import { counter, currentTraceHeaders, withSpan } from "@holdfast/telemetry";
import type { Ids } from "./ports.ts";
import type { PublishVia } from "./transaction.ts";

const insertOutboxRow = `
  WITH entity AS (
    INSERT INTO outbox_entity_versions AS v (topic, entity_id, version) VALUES ($2, $6, 1)
    ON CONFLICT (topic, entity_id) DO UPDATE SET version = v.version + 1
    RETURNING version
  )
  INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, entity_id, entity_version,
                      partition, traceparent, tracestate)
  SELECT $1, $2, $3, $4, $5, $6, entity.version, $7, $8, $9 FROM entity`;

const publishedRows = counter("outbox_published_rows_total");

/**
 * Makes Tx.publish: encodes the event (throws the codec's errors before anything is written), takes
 * the entity's next version under its row lock and inserts the outbox row with the trace that the
 * consumer will continue.
 */
export function outboxPublisher(codec: Pick<Codec, "encode"> | undefined, ids: Ids): PublishVia {
  // biome-ignore lint/complexity/useMaxParams: the signature of Publish
  return (tx) => async (topic, type, event, options) => {
    if (codec === undefined) throw new Error("This database was created without a codec");
    const payload = codec.encode(topic, type, event);
    const id = ids.next();
    const { key, entityId, partition = null } = options;
    await withSpan(`send ${topic}`, { kind: "producer" }, async () => {
      const { traceparent = null, tracestate = null } = currentTraceHeaders();
      await tx.query({ name: "outbox-insert", text: insertOutboxRow }, [
        id,
        topic,
        key,
        type,
        payload,
        entityId,
        partition,
        traceparent,
        tracestate,
      ]);
    });
    tx.afterCommit(() => publishedRows.add(1, { topic, event_type: type }));
    return id;
  };
}
