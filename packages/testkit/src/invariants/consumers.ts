import type { Facts, GroupFact, RecordFact } from "./facts.ts";
import { breach, type Invariant, placeOf, repeated } from "./invariant.ts";

/** Events that one order or payment can bring about once. */
const once = new Set([
  "OrderPlaced",
  "OrderAccepted",
  "OrderConfirmed",
  "OrderCancelled",
  "StockReserved",
  "StockRejected",
  "StockCommitted",
  "StockReleased",
  "PaymentRequested",
  "PaymentAuthorized",
  "PaymentDeclined",
  "PaymentCaptured",
  "PaymentCaptureFailed",
  "PaymentVoided",
]);

/** Endings of an order of which one excludes the others. */
const endings = new Set(["OrderConfirmed", "OrderCancelled"]);

/** I8 */
export const effectsHappenOnce: Invariant = {
  name: "I8",
  promise: "an event takes effect once in each consumer group",
  check: ({ inbox, outbox, movements, notifications, decisions }) => [
    ...breach(
      "one inbox row per group and event",
      repeated(inbox, ({ group, eventId }) => `${group} ${eventId}`),
    ),
    ...breach(
      "an order is placed, reserved, authorised, captured and ended once",
      repeated(
        outbox.filter(({ type }) => once.has(type)),
        ({ topic, type, entityId }) => `${topic} ${type} ${entityId}`,
      ),
    ),
    ...breach(
      "an order has one ending",
      repeated(
        outbox.filter(({ type }) => endings.has(type)),
        ({ entityId }) => entityId,
      ),
    ),
    ...breach(
      "an order moves a product once in each way",
      repeated(
        movements.filter(({ orderId }) => orderId !== null),
        ({ orderId, sku, kind }) => `${orderId} ${sku} ${kind}`,
      ),
    ),
    ...breach(
      "an event is told once per audience and channel",
      repeated(notifications, (one) => `${one.eventId} ${one.audience} ${one.channel}`),
    ),
    ...breach(
      "one decision per request",
      repeated(
        new Map(decisions.map((one) => [one.decisionId, one])).values(),
        ({ eventId }) => eventId,
      ),
    ),
  ],
};

interface Lookup {
  readonly processed: ReadonlySet<string>;
  readonly decided: ReadonlySet<string>;
  readonly setAside: ReadonlySet<string>;
}

function lookupOf({ inbox, parked, deadLetters, decisions }: Facts): Lookup {
  return {
    processed: new Set(inbox.map(({ group, eventId }) => `${group} ${eventId}`)),
    decided: new Set(decisions.map(({ eventId }) => eventId)),
    setAside: new Set([...parked, ...deadLetters].map((one) => `${one.group} ${placeOf(one)}`)),
  };
}

/** Processed, a duplicate of something processed, set aside, or none of the group's business. */
function isAccountedFor(record: RecordFact, group: GroupFact, lookup: Lookup): boolean {
  if (lookup.setAside.has(`${group.group} ${placeOf(record)}`)) return true;
  if (record.id === null || record.type === null) return false;
  if (group.handles !== null && !group.handles.includes(record.type)) return true;
  return lookup.processed.has(`${group.group} ${record.id}`) || lookup.decided.has(record.id);
}

/** I10 */
export const everyRecordIsAccountedFor: Invariant = {
  name: "I10",
  promise: "every record that was read is processed, a duplicate, late, dead or parked",
  check: (facts) => {
    const lookup = lookupOf(facts);
    const byPartition = Map.groupBy(facts.records, (one) => `${one.topic}-${one.partition}`);
    const unaccounted = facts.groups.flatMap((group) => {
      const read = (byPartition.get(`${group.topic}-${group.partition}`) ?? []).filter(
        ({ offset }) => BigInt(offset) < BigInt(group.committed),
      );
      return read
        .filter((record) => !isAccountedFor(record, group, lookup))
        .map((record) => ({ group: group.group, ...record }));
    });
    return [
      ...breach("no record is lost between the log and its consumer", unaccounted),
      ...breach(
        "a group at rest has read everything",
        facts.groups.filter(({ reached, end }) => BigInt(reached) < BigInt(end)),
      ),
    ];
  },
};

/** I11 */
export const offsetsAdvance: Invariant = {
  name: "I11",
  promise: "committed offsets never go backwards",
  check: ({ shop }) => {
    const series = Map.groupBy(shop.offsets, (o) => `${o.group} ${o.topic} ${o.partition}`);
    return breach(
      "an offset is never below an earlier one",
      [...series.values()].flatMap((samples) => {
        return samples.flatMap((sample, index) => {
          const before = samples[index - 1];
          const falls = before !== undefined && BigInt(sample.offset) < BigInt(before.offset);
          return falls ? [{ before, after: sample }] : [];
        });
      }),
    );
  },
};
