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
import { type TopicNames, topicNames } from "../loop/outgoing.ts";
import { compileRuleset, restoreRuleset } from "../ruleset.ts";
import { digestOf, type Expected, ReferenceRun } from "./expected-outputs.ts";
import type { openSnapshots, Snapshot } from "./snapshots.ts";

/** Which log is verified. */
export interface VerifyOptions {
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly group: string;
  readonly topicPrefix: string;
  readonly logger: Logger;
  /** Where verified states are kept; without it every verification is of the whole log. */
  readonly snapshots?: ReturnType<typeof openSnapshots>;
  /** From as far back as the log allows, not from the newest snapshot. */
  readonly fromBeginning?: boolean;
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
  /** Where it began: the log's first record, or a snapshot's name. */
  readonly from: string;
  /** The snapshot that it left; null when none is kept, or something differed. */
  readonly snapshot: string | null;
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
 * Re-executes each partition of card-activity from its first record, or from a snapshot that an
 * earlier verification left, up to where the scorer has committed, and compares every decision and
 * alert of this engine version with what is on the topics, byte for byte. Throws when a log does not
 * reach back to offset 0 nor to any snapshot.
 */
export async function verifyReplay(options: VerifyOptions): Promise<Verification> {
  const { kafka, codec, group, topicPrefix } = options;
  const topics = topicNames(topicPrefix, group);
  const logs = await readLogs(kafka, group, topics);
  const start = await startOf(logs, options);
  const reference = new ReferenceRun(
    {
      codec,
      compile: compileRuleset,
      restore: restoreRuleset,
      encoding: { codec, topics, group },
    },
    start.snapshot.partitions,
  );
  const ranges = rangesOf(logs, start.snapshot);
  const records = await feedAll(reference, ranges, { ...options, topic: topics.activity });
  const found = await compareAll(options, { reference, ranges, topics, before: start.snapshot });
  const isSound = found.differences.length === 0;
  const states = [...ranges].map(([partition, { to }]) => reference.stateOf(partition, to));
  const next = { partitions: isSound ? states : [], alertEnds: logs.alertEnds };
  const snapshot = isSound ? await options.snapshots?.write(next) : undefined;
  return { from: start.name, snapshot: snapshot ?? null, records, ...found };
}

async function compareAll(
  options: VerifyOptions,
  { reference, ranges, topics, before }: Compared,
): Promise<Omit<Verification, "from" | "snapshot" | "records">> {
  const decisions = new Comparison(topics.decisions, reference.decisions);
  const alerts = new Comparison(topics.alerts, reference.alerts);
  let foreign = 0;
  for await (const record of readAll(options, [topics.decisions, topics.alerts])) {
    const decoded = await decodedOutput(options.codec, record);
    if (decoded === undefined) {
      foreign += 1;
    } else if (decoded.type === "FraudDecided") {
      const { decisionId, inputPartition, inputOffset, engineVersion: version } = decoded.event;
      const range = ranges.get(inputPartition) ?? { from: 0, to: 0 };
      const isInside = inputOffset >= range.from && inputOffset < range.to;
      if (isInside) decisions.compare(decisionId, version, record);
    } else if (decoded.type === "FraudAlertRaised") {
      const { alertId, engineVersion: version } = decoded.event;
      // An alert does not name its input: one that is not expected and lies before the snapshot's
      // end was verified with it.
      const isBefore = Number(record.offset) < (before.alertEnds[record.partition] ?? 0);
      if (reference.alerts.has(alertId) || !isBefore) alerts.compare(alertId, version, record);
    }
  }
  return {
    compared: { decisions: decisions.equal, alerts: alerts.equal },
    otherVersions: decisions.otherVersions + alerts.otherVersions,
    repeated: decisions.repeated + alerts.repeated,
    foreign,
    differences: [...decisions.differences(), ...alerts.differences()],
  };
}

interface Compared {
  readonly reference: ReferenceRun;
  readonly ranges: Ranges;
  readonly topics: TopicNames;
  readonly before: Snapshot;
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

/** The part of each partition's log that is re-executed: `from` included, `to` not. */
type Ranges = ReadonlyMap<number, { readonly from: number; readonly to: number }>;

interface Logs {
  /** The first offset on the log, and the one up to which the scorer has committed. */
  readonly partitions: ReadonlyMap<number, { readonly start: number; readonly committed: number }>;
  readonly alertEnds: Readonly<Record<number, number>>;
}

async function readLogs(kafka: KafkaClient, group: string, topics: TopicNames): Promise<Logs> {
  const admin = createTopicAdmin({ kafka });
  try {
    const starts = await admin.offsets(topics.activity);
    const lags = await admin.lag(group, [topics.activity]);
    const partitions = lags.map(({ partition, committedOffset }) => {
      const start = Number(starts.get(partition)?.start ?? 0);
      return [partition, { start, committed: Number(committedOffset) }] as const;
    });
    // After the committed offsets: what they stand for was published before.
    const ends = await admin.offsets(topics.alerts);
    const alertEnds = [...ends].map(([partition, { end }]) => [partition, Number(end)] as const);
    return { partitions: new Map(partitions), alertEnds: Object.fromEntries(alertEnds) };
  } finally {
    await admin.close();
  }
}

const nothing: Snapshot = { partitions: [], alertEnds: {} };

/** Snapshots that the log does not follow on any more are removed: they are kept as long as it is. */
async function startOf(
  { partitions }: Logs,
  { snapshots, fromBeginning = false }: VerifyOptions,
): Promise<{ name: string; snapshot: Snapshot }> {
  const isWhole = [...partitions.values()].every(({ start }) => start === 0);
  if (isWhole && (fromBeginning || snapshots === undefined)) {
    return { name: "beginning", snapshot: nothing };
  }
  const names = (await snapshots?.names()) ?? [];
  for (const name of fromBeginning ? names : names.toReversed()) {
    const snapshot = (await snapshots?.read(name)) ?? nothing;
    const follows = snapshot.partitions.every(({ partition, nextOffset }) => {
      const log = partitions.get(partition);
      return log !== undefined && nextOffset >= log.start && nextOffset <= log.committed;
    });
    if (follows && snapshot.partitions.length === partitions.size) return { name, snapshot };
    await snapshots?.remove(name);
  }
  if (isWhole) return { name: "beginning", snapshot: nothing };
  throw new Error("The log does not reach back to its beginning, nor to a snapshot");
}

function rangesOf({ partitions }: Logs, snapshot: Snapshot): Ranges {
  const from = new Map(snapshot.partitions.map((state) => [state.partition, state.nextOffset]));
  return new Map(
    [...partitions].map(([partition, { committed }]) => [
      partition,
      { from: from.get(partition) ?? 0, to: committed },
    ]),
  );
}

async function feedAll(
  reference: ReferenceRun,
  ranges: Ranges,
  options: VerifyOptions & { readonly topic: string },
): Promise<number> {
  let count = 0;
  let waiting: IncomingRecord[] = [];
  for await (const record of readAll(options, [options.topic])) {
    const { from, to } = ranges.get(record.partition) ?? { from: 0, to: 0 };
    if (Number(record.offset) < from || Number(record.offset) >= to) continue;
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
