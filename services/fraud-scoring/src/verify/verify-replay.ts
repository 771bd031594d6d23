import {
  type Codec,
  createTopicAdmin,
  type DecodedEvent,
  type IncomingRecord,
  type KafkaClient,
  natureOf,
  SchemaUnavailableError,
  tail,
} from "@holdfast/messaging";
import type { Logger } from "@holdfast/telemetry";
import { engineVersion } from "../engine-version.ts";
import { topicNames } from "../loop/outgoing.ts";
import { compileRuleset } from "../ruleset.ts";
import { digestOf, type Expected, ReferenceRun } from "./expected-outputs.ts";

/** Which log is verified. */
export interface VerifyOptions {
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly group: string;
  readonly topicPrefix: string;
  readonly logger: Logger;
}

/** One output that is not what the log says. */
export interface Difference {
  readonly topic: string;
  readonly id: string;
  readonly kind: "missing" | "unexpected" | "other bytes";
  /** The input record that makes it, when that is known. */
  readonly input: { readonly partition: number; readonly offset: number } | null;
}

/** What a verification found. */
export interface Verification {
  readonly records: number;
  readonly compared: { readonly decisions: number; readonly alerts: number };
  /** Outputs of another engine version, which are not compared. */
  readonly otherVersions: number;
  /** Outputs that lie on their topic more than once, with equal bytes: harmless. */
  readonly repeated: number;
  /** Records on the output topics that are no events: bytes of somebody else's. */
  readonly foreign: number;
  readonly differences: readonly Difference[];
}

const portion = 2_000;

/**
 * Re-executes each partition of card-activity from its first record, up to where the scorer has
 * committed, and compares every decision and alert of this engine version with what is on the
 * topics, byte for byte. Throws when a log no longer begins at offset 0.
 */
export async function verifyReplay(options: VerifyOptions): Promise<Verification> {
  const { kafka, codec, group, topicPrefix } = options;
  const topics = topicNames(topicPrefix, group);
  const bounds = await committedBounds(kafka, group, topics.activity);
  const reference = new ReferenceRun({
    codec,
    compile: compileRuleset,
    encoding: { codec, topics, group },
  });
  const records = await feedAll(reference, bounds, { ...options, topic: topics.activity });
  const decisions = new Comparison(topics.decisions, reference.decisions);
  const alerts = new Comparison(topics.alerts, reference.alerts);
  let foreign = 0;
  for await (const record of readAll(options, [topics.decisions, topics.alerts])) {
    const decoded = await decodedOutput(codec, record);
    if (decoded === undefined) {
      foreign += 1;
    } else if (decoded.type === "FraudDecided") {
      const { decisionId, inputPartition, inputOffset, engineVersion: version } = decoded.event;
      const isBeyond = inputOffset >= (bounds.get(inputPartition) ?? 0);
      if (!isBeyond) decisions.compare(decisionId, version, record);
    } else if (decoded.type === "FraudAlertRaised") {
      alerts.compare(decoded.event.alertId, decoded.event.engineVersion, record);
    }
  }
  return {
    records,
    compared: { decisions: decisions.equal, alerts: alerts.equal },
    otherVersions: decisions.otherVersions + alerts.otherVersions,
    repeated: decisions.repeated + alerts.repeated,
    foreign,
    differences: [...decisions.differences(), ...alerts.differences()],
  };
}

/** Undefined for bytes that are no event. Throws when the registry does not answer. */
async function decodedOutput(
  codec: Codec,
  { topic, value }: IncomingRecord,
): Promise<DecodedEvent | undefined> {
  const bytes = value ?? Buffer.alloc(0);
  try {
    return codec.decode(topic, bytes);
  } catch (error) {
    if (!(error instanceof SchemaUnavailableError)) return permanentlyUnreadable(error);
    return codec
      .ensureWriter(error.schemaId)
      .then(() => codec.decode(topic, bytes), permanentlyUnreadable);
  }
}

function permanentlyUnreadable(error: unknown): undefined {
  if (natureOf(error) !== "permanent") throw error;
}

type Bounds = ReadonlyMap<number, number>;

async function committedBounds(kafka: KafkaClient, group: string, topic: string): Promise<Bounds> {
  const admin = createTopicAdmin({ kafka });
  try {
    for (const [partition, { start }] of await admin.offsets(topic)) {
      if (start !== "0") {
        throw new Error(`${topic} ${partition} begins at ${start}: it cannot be re-executed whole`);
      }
    }
    const lags = await admin.lag(group, [topic]);
    return new Map(lags.map((lag) => [lag.partition, Number(lag.committedOffset)]));
  } finally {
    await admin.close();
  }
}

async function feedAll(
  reference: ReferenceRun,
  bounds: Bounds,
  options: VerifyOptions & { readonly topic: string },
): Promise<number> {
  let count = 0;
  let waiting: IncomingRecord[] = [];
  for await (const record of readAll(options, [options.topic])) {
    if (Number(record.offset) >= (bounds.get(record.partition) ?? 0)) continue;
    waiting.push(record);
    count += 1;
    if (waiting.length < portion) continue;
    await reference.feed(waiting);
    waiting = [];
  }
  await reference.feed(waiting);
  return count;
}

function readAll({ kafka, logger }: VerifyOptions, topics: readonly string[]) {
  return tail({ kafka, topics, from: "beginning", until: "end", logger });
}

/** Compares what lies on one topic with what should. */
class Comparison {
  equal = 0;
  repeated = 0;
  otherVersions = 0;
  readonly #topic: string;
  readonly #expected: ReadonlyMap<string, Expected>;
  readonly #seen = new Set<string>();
  readonly #differences: Difference[] = [];

  constructor(topic: string, expected: ReadonlyMap<string, Expected>) {
    this.#topic = topic;
    this.#expected = expected;
  }

  compare(id: string, version: string, { value }: IncomingRecord): void {
    const expected = this.#expected.get(id);
    if (version !== engineVersion) {
      this.otherVersions += 1;
      this.#seen.add(id);
    } else if (expected === undefined) {
      this.#differ(id, "unexpected", null);
    } else if (expected.digest !== digestOf(value ?? Buffer.alloc(0))) {
      this.#differ(id, "other bytes", expected);
    } else if (this.#seen.has(id)) {
      this.repeated += 1;
    } else {
      this.equal += 1;
    }
    this.#seen.add(id);
  }

  /** All differences, those of the earliest input first. */
  differences(): Difference[] {
    for (const [id, expected] of this.#expected) {
      if (!this.#seen.has(id)) this.#differ(id, "missing", expected);
    }
    const offset = ({ input }: Difference) => input?.offset ?? Number.POSITIVE_INFINITY;
    return this.#differences.sort((a, b) => offset(a) - offset(b) || 0);
  }

  #differ(id: string, kind: Difference["kind"], input: Expected | null): void {
    const at = input === null ? null : { partition: input.partition, offset: input.offset };
    this.#differences.push({ topic: this.#topic, id, kind, input: at });
  }
}
