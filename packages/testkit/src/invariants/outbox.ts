import type { Facts, OutboxFact, RecordFact } from "./facts.ts";
import { breach, type Invariant, placeOf } from "./invariant.ts";

/** Events that do not come from an outbox: the scorer's own, and the barriers of rule sets. */
const direct = new Set(["FraudDecided", "FraudAlertRaised", "RulesetActivated"]);

/** The first record of each event that a service published, in the order of the log. */
function firstRecords({ records, shop }: Facts): Map<string, RecordFact> {
  const injected = new Set(shop.injected.map(placeOf));
  const first = new Map<string, RecordFact>();
  for (const record of inLogOrder(records)) {
    if (record.id === null || direct.has(record.type ?? "")) continue;
    if (!injected.has(placeOf(record)) && !first.has(record.id)) first.set(record.id, record);
  }
  return first;
}

function inLogOrder(records: readonly RecordFact[]): RecordFact[] {
  return records.toSorted(
    (a, b) =>
      a.topic.localeCompare(b.topic) ||
      a.partition - b.partition ||
      Number(BigInt(a.offset) - BigInt(b.offset)),
  );
}

/** Records whose entity's version is not one more than that of the record before. */
function outOfOrder(first: Iterable<RecordFact>): RecordFact[] {
  const last = new Map<string, number>();
  return [...first].filter(({ topic, entityId, entityVersion }) => {
    if (entityId === null || entityVersion === null) return false;
    const entity = `${topic} ${entityId}`;
    const expected = (last.get(entity) ?? 0) + 1;
    last.set(entity, entityVersion);
    return entityVersion !== expected;
  });
}

function differs(row: OutboxFact, record: RecordFact | undefined): boolean {
  if (record === undefined) return false;
  const { topic, type, digest, entityId, entityVersion } = record;
  const equal =
    row.topic === topic &&
    row.type === type &&
    row.digest === digest &&
    row.entityId === entityId &&
    row.entityVersion === entityVersion;
  return !equal;
}

/** I7 */
export const outboxIsTheTopic: Invariant = {
  name: "I7",
  promise: "what the outboxes hold is what lies on the topics: ids, bytes, ascending versions",
  check: (facts) => {
    const first = firstRecords(facts);
    const published = new Set(facts.outbox.map(({ id }) => id));
    return [
      ...breach(
        "every outbox row is on its topic",
        facts.outbox.filter(({ id, settled }) => settled && !first.has(id)),
      ),
      ...breach(
        "every record comes from an outbox",
        [...first.values()].filter(({ id }) => !published.has(id ?? "")),
      ),
      ...breach(
        "row and record are equal, byte for byte",
        facts.outbox.filter((row) => differs(row, first.get(row.id))),
      ),
      ...breach("versions of an entity ascend by one", outOfOrder(first.values())),
    ];
  },
};
