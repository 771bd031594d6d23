import {
  type Codec,
  type DeadLetter,
  deadLetterTopic,
  header,
  type KafkaClient,
  type Producer,
  readDeadLetter,
  redrivenRecord,
  tail,
} from "@holdfast/messaging";
import { counter, type Logger } from "@holdfast/telemetry";
import type { Database } from "../database.ts";
import { advanceEntity, type Versioned } from "../entity-order.ts";
import type { ProblemDetails } from "../errors.ts";
import type { Tx } from "../transaction.ts";
import {
  type DeadLetterAction,
  type DeadLetterActionRow,
  findActions,
  insertAction,
  takeTurn,
} from "./dead-letter-store.ts";
import {
  type DeadLetterView,
  type DecodedDeadLetter,
  decodeLetter,
  idOf,
  traceIdOf,
  viewOf,
} from "./dead-letter-view.ts";

/** Who settles dead letters, and why. */
export interface Settlement {
  /** Places as `<topic>/<partition>/<offset>`; they are settled in the order of the log. */
  readonly ids: readonly string[];
  readonly by: string;
  readonly reason: string | null;
}

/** The dead letters of one consumer group. Reads the whole of their topics at every call. */
export interface DeadLetterOffice {
  /** In the order of each partition; open ones alone unless `all`. */
  list(options: { readonly limit: number; readonly all?: boolean }): Promise<DeadLetterView[]>;
  /** Undefined when nothing lies there. */
  show(id: string): Promise<DecodedDeadLetter | undefined>;
  /**
   * Sends the letters back to the partitions that they came from, under their event ids, all or none.
   * At least once: a crash before the commit leaves them open although they were sent, and the inbox
   * absorbs the repeat. Throws DeadLetterProblem: unknown, settled before, or an earlier letter of the
   * same key would be overtaken.
   */
  redrive(settlement: Settlement): Promise<void>;
  /**
   * Gives the letters up for good, all or none. Where the group keeps entities in order, the version
   * counts as done, so that later ones may follow. Throws DeadLetterProblem.
   */
  discard(settlement: Settlement & { readonly reason: string }): Promise<void>;
  /** What was done, newest first. */
  actions(limit: number): Promise<DeadLetterActionRow[]>;
}

/** What the dead letters of a group are read and settled with. */
export interface DeadLetterOfficeOptions {
  readonly database: Database;
  readonly kafka: KafkaClient;
  readonly producer: Pick<Producer, "send">;
  readonly codec: Pick<Codec, "decode" | "ensureWriter">;
  readonly group: string;
  /** The topics that the group consumes. */
  readonly topics: readonly string[];
  /** As the group's inbox has it; default ignored. */
  readonly entityOrder?: "enforced" | "ignored";
  readonly logger: Logger;
}

/** A dead letter cannot be settled as asked; carries the HTTP answer. */
export class DeadLetterProblem extends Error {
  override readonly name = "DeadLetterProblem";
  readonly problem: ProblemDetails;

  constructor(status: 404 | 409, code: string, detail: string) {
    super(detail);
    this.problem = { status, code, title: "The dead letter cannot be settled", detail };
  }
}

const settled = counter("dead_letter_actions_total");

/** Beyond this many letters the oldest ones are worked on first. */
const maxLetters = 20_000;

/** Opens the dead letters of a group. */
export function createDeadLetterOffice(options: DeadLetterOfficeOptions): DeadLetterOffice {
  const { database, codec, producer } = options;
  const topics = options.topics.map((topic) => deadLetterTopic(topic, options.group));

  const settle = (action: DeadLetterAction, settlement: Settlement, work: Work): Promise<void> =>
    database.transact(async (tx) => {
      await takeTurn(tx.query);
      const letters = await readLetters(options, topics);
      const done = new Set((await findActions(tx.query, topics)).map(idOf));
      const chosen = choose(letters, settlement.ids, done);
      if (action === "redriven") refuseOvertaking(letters, chosen, done);
      for (const letter of chosen) await writeDown(tx, letter, { ...settlement, action });
      await work(tx, chosen);
      tx.afterCommit(() => report(options.logger, chosen, { ...settlement, action }));
    });

  return {
    list: async ({ limit, all = false }) => {
      const letters = await readLetters(options, topics);
      const actions = byId(await findActions(database.read, topics));
      const views = letters.map((letter) => viewOf(letter, actions.get(idOf(letter.record))));
      return views.filter(({ state }) => all || state === "open").slice(0, limit);
    },
    show: async (id) => {
      const letters = await readLetters(options, topics);
      const letter = letters.find(({ record }) => idOf(record) === id);
      if (letter === undefined) return undefined;
      const actions = byId(await findActions(database.read, topics));
      return { ...viewOf(letter, actions.get(id)), ...(await decodeLetter(codec, letter)) };
    },
    redrive: (settlement) =>
      // Sent before the commit: a letter that is written down as redriven lies on its topic.
      settle("redriven", settlement, async (_tx, chosen) => {
        await producer.send(chosen.map(redrivenRecord));
      }),
    discard: (settlement) =>
      settle("discarded", settlement, async (tx, chosen) => {
        if (options.entityOrder !== "enforced") return;
        for (const letter of chosen) await passOver(tx, letter);
      }),
    actions: (limit) => findActions(database.read, topics, limit),
  };
}

type Work = (tx: Tx, chosen: readonly DeadLetter[]) => Promise<void>;

async function readLetters(
  { kafka, logger }: DeadLetterOfficeOptions,
  topics: readonly string[],
): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  const reading = tail({
    kafka,
    topics,
    from: "beginning",
    until: "end",
    maxRecords: maxLetters,
    logger,
  });
  for await (const record of reading) {
    const letter = readDeadLetter(record);
    if (letter !== undefined) letters.push(letter);
  }
  return letters.sort((a, b) => inOrderOfTheLog(a.record, b.record));
}

function inOrderOfTheLog(a: DeadLetter["record"], b: DeadLetter["record"]): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition || Number(BigInt(a.offset) - BigInt(b.offset));
}

function byId(actions: readonly DeadLetterActionRow[]): Map<string, DeadLetterActionRow> {
  return new Map(actions.map((action) => [idOf(action), action]));
}

/** The wanted letters in the order of the log. */
function choose(
  letters: readonly DeadLetter[],
  ids: readonly string[],
  done: ReadonlySet<string>,
): DeadLetter[] {
  const wanted = new Set(ids);
  const chosen = letters.filter(({ record }) => wanted.delete(idOf(record)));
  const [missing] = wanted;
  if (missing !== undefined) {
    throw new DeadLetterProblem(404, "dead_letter_not_found", `Nothing lies at ${missing}`);
  }
  const repeated = chosen.find(({ record }) => done.has(idOf(record)));
  if (repeated !== undefined) {
    const id = idOf(repeated.record);
    throw new DeadLetterProblem(409, "dead_letter_settled", `${id} was settled before`);
  }
  return chosen;
}

function refuseOvertaking(
  letters: readonly DeadLetter[],
  chosen: readonly DeadLetter[],
  done: ReadonlySet<string>,
): void {
  const ids = new Set(chosen.map(({ record }) => idOf(record)));
  const left = letters.filter(({ record }) => !ids.has(idOf(record)) && !done.has(idOf(record)));
  for (const { record } of chosen) {
    const earlier = left.find((letter) => isBefore(letter.record, record));
    if (earlier === undefined) continue;
    throw new DeadLetterProblem(
      409,
      "dead_letter_out_of_order",
      `${idOf(earlier.record)} has the same key and comes first`,
    );
  }
}

function isBefore(a: DeadLetter["record"], b: DeadLetter["record"]): boolean {
  if (a.topic !== b.topic || a.partition !== b.partition) return false;
  if (a.key === null || b.key === null || !a.key.equals(b.key)) return false;
  return BigInt(a.offset) < BigInt(b.offset);
}

type Done = Settlement & { readonly action: DeadLetterAction };

async function writeDown(tx: Tx, letter: DeadLetter, done: Done): Promise<void> {
  const { action, by: actedBy, reason } = done;
  const eventId = letter.record.headers[header.id] ?? null;
  const traceId = traceIdOf(letter);
  await insertAction(tx.query, letter, { action, actedBy, reason, eventId, traceId });
}

async function passOver(tx: Tx, { record, originalTopic, group }: DeadLetter): Promise<void> {
  const version = versionIn(record.headers, originalTopic);
  if (version === undefined) return;
  if ((await advanceEntity(tx, group, version)) !== "early") return;
  throw new DeadLetterProblem(
    409,
    "dead_letter_out_of_order",
    `${idOf(record)}: an earlier version of its entity has not been handled`,
  );
}

function versionIn(
  headers: Readonly<Record<string, string>>,
  topic: string,
): Versioned | undefined {
  const entityId = headers[header.entityId];
  const version = Number(headers[header.entityVersion]);
  if (entityId === undefined || !Number.isInteger(version)) return undefined;
  return { topic, entityId, version };
}

function report(
  logger: Logger,
  letters: readonly DeadLetter[],
  { action, by, reason }: Done,
): void {
  for (const { record, originalTopic } of letters) {
    settled.add(1, { topic: originalTopic, action });
    const { topic, partition, offset } = record;
    const eventId = record.headers[header.id] ?? null;
    logger.warn(
      { topic, partition, offset, eventId, action, caller: by, reason },
      "A dead letter was settled",
    );
  }
}
