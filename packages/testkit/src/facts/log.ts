import { createHash } from "node:crypto";
import { topicNames } from "@holdfast/contracts";
import {
  type Codec,
  createTopicAdmin,
  deadLetterHeader,
  type IncomingRecord,
  type KafkaClient,
  tail,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import type {
  DeadLetterFact,
  DecisionFact,
  Facts,
  GroupFact,
  RecordFact,
} from "../invariants/facts.ts";

export interface LogSource {
  readonly kafka: KafkaClient;
  /** Knows the schemas of fraud-decisions. */
  readonly codec: Pick<Codec, "decode">;
  /** Shown every record of every topic, raw. */
  readonly see: (record: IncomingRecord) => void;
}

type LogFacts = Pick<Facts, "records" | "deadLetters" | "decisions">;

/** Reads all topics of the suite from their first record to their present ends. */
export async function readTopics({ kafka, codec, see }: LogSource): Promise<LogFacts> {
  const topics = await suiteTopics(kafka);
  const records: RecordFact[] = [];
  const deadLetters: DeadLetterFact[] = [];
  const decisions: DecisionFact[] = [];
  const all = tail({ kafka, topics, from: "beginning", until: "end", logger: silentLogger });
  for await (const record of all) {
    see(record);
    if (/\.(dlq|late)$/.test(record.topic)) deadLetters.push(deadLetterOf(record));
    else if (isOurs(record.topic)) records.push(recordOf(record));
    if (record.topic === "fraud-decisions") decisions.push(...decisionsOf(codec, record));
  }
  return { records, deadLetters, decisions };
}

const isOurs = (topic: string) => (topicNames as readonly string[]).includes(topic);

/** The topics of the suite, those of the brokers and connectors themselves left out. */
export async function suiteTopics(kafka: KafkaClient): Promise<string[]> {
  const admin = createTopicAdmin({ kafka });
  try {
    const names = await admin.topicNames();
    return names.filter((name) => !/^(__|connect-)/.test(name));
  } finally {
    await admin.close();
  }
}

const placed = ({ topic, partition, offset }: IncomingRecord) => ({ topic, partition, offset });

function recordOf(record: IncomingRecord): RecordFact {
  const { headers, value } = record;
  const version = headers["entityVersion"];
  return {
    ...placed(record),
    id: headers["id"] ?? null,
    type: headers["eventType"] ?? null,
    entityId: headers["entityId"] ?? null,
    entityVersion: version === undefined ? null : Number(version),
    traceparent: headers["traceparent"] ?? null,
    digest: createHash("sha256")
      .update(value ?? Buffer.alloc(0))
      .digest("base64"),
  };
}

function deadLetterOf({ headers }: IncomingRecord): DeadLetterFact {
  return {
    group: headers[deadLetterHeader.group] ?? "",
    topic: headers[deadLetterHeader.topic] ?? "",
    partition: Number(headers[deadLetterHeader.partition]),
    offset: headers[deadLetterHeader.offset] ?? "",
  };
}

/** None for a record that is no decision: foreign bytes are somebody else's business. */
function decisionsOf(codec: Pick<Codec, "decode">, record: IncomingRecord): DecisionFact[] {
  try {
    const { type, event } = codec.decode(record.topic, record.value ?? Buffer.alloc(0));
    return type === "FraudDecided"
      ? [{ decisionId: event.decisionId, eventId: event.eventId }]
      : [];
  } catch {
    return [];
  }
}

/** Which events of a topic leave a trace in the books of each group; null for all of them. */
export const handledEvents: Readonly<
  Record<string, Readonly<Record<string, readonly string[] | null>>>
> = {
  order: { payments: null, stock: null },
  payment: {
    orders: ["OrderPlaced", "OrderAccepted", "OrderCancelled"],
    "fraud-decisions": ["FraudDecided"],
  },
  inventory: { orders: null },
  "fraud-scoring": { "card-activity": ["PaymentRequested"] },
  notification: {
    orders: ["OrderPlaced", "OrderConfirmed", "OrderCancelled"],
    payments: ["PaymentHeld", "PaymentVoided", "PaymentRefunded"],
    "fraud-alerts": ["FraudAlertRaised"],
  },
};

/** How far a group has come on a partition. */
export type Progress = Omit<GroupFact, "reached">;

/** How far each consumer group has come on each of its partitions. */
export async function readGroups(kafka: KafkaClient): Promise<Progress[]> {
  const admin = createTopicAdmin({ kafka });
  try {
    const groups = Object.entries(handledEvents).map(async ([group, topics]) => {
      const lags = await admin.lag(group, Object.keys(topics));
      return lags.map(({ topic, partition, committedOffset, endOffset }) => ({
        group,
        topic,
        partition,
        committed: committedOffset,
        end: endOffset,
        handles: topics[topic] ?? null,
      }));
    });
    return (await Promise.all(groups)).flat();
  } finally {
    await admin.close();
  }
}
