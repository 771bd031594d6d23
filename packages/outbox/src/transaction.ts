import type { Events, EventsOn, TopicName } from "@holdfast/contracts";
import type { PoolClient, QueryConfig, QueryResult, QueryResultRow } from "pg";
import { TransactionMisuse, translatePostgresError } from "./errors.ts";
import { watchStatement } from "./slow-statements.ts";

/**
 * Runs one statement. bigint columns come back as numbers (an error beyond 2^53), timestamptz as Date.
 * Throws PostgresUnavailable when the database cannot answer, pg's DatabaseError otherwise.
 */
export type Query = <Row extends QueryResultRow = QueryResultRow>(
  statement: string | QueryConfig,
  values?: readonly unknown[],
) => Promise<QueryResult<Row>>;

/** Where an event goes: its message key, the entity whose versions it counts, a pinned partition. */
export interface PublishOptions {
  readonly key: string;
  readonly entityId: string;
  readonly partition?: number;
}

/** Writes one event into the outbox; resolves to its event id. */
// biome-ignore lint/complexity/useMaxParams: (topic, type, event) are one fact in the catalogue's terms
export type Publish = <T extends TopicName, K extends EventsOn<T>>(
  topic: T,
  type: K,
  event: Events[K],
  options: PublishOptions,
) => Promise<string>;

/**
 * One open transaction. Every member throws TransactionMisuse once the transaction has ended, so an
 * effect can never slip out of the commit it belongs to.
 */
export interface Tx {
  readonly query: Query;
  /** Becomes visible to Kafka if and only if this transaction commits. */
  readonly publish: Publish;
  /** Runs after a successful commit, in order of registration; its failure is logged, never thrown. */
  afterCommit(action: () => void): void;
}

/** A transaction's Tx together with what its owner needs to end it. */
export interface OpenTransaction {
  readonly tx: Tx;
  /** Makes the Tx unusable. Throws TransactionMisuse if a statement was not awaited. */
  close(): void;
  readonly afterCommit: readonly (() => void)[];
}

/** Binds `publish` to an open transaction. */
export type PublishVia = (tx: Pick<Tx, "query" | "afterCommit">) => Publish;

/** Wraps a client on which BEGIN has run. */
export function openTransaction(client: PoolClient, publishVia: PublishVia): OpenTransaction {
  const afterCommit: (() => void)[] = [];
  let open = true;
  let running = 0;
  const ensureOpen = (): void => {
    if (!open) throw new TransactionMisuse("This transaction has ended; its Tx cannot be used");
  };
  const query: Query = async (statement, values) => {
    ensureOpen();
    running += 1;
    try {
      return await watchStatement(statement, () =>
        client.query(statement as string, values as unknown[]),
      );
    } catch (error) {
      throw translatePostgresError(error);
    } finally {
      running -= 1;
    }
  };
  const addAfterCommit = (action: () => void): void => {
    ensureOpen();
    afterCommit.push(action);
  };
  const publish = publishVia({ query, afterCommit: addAfterCommit });
  const tx: Tx = {
    query,
    publish: async (...event) => {
      ensureOpen();
      return publish(...event);
    },
    afterCommit: addAfterCommit,
  };
  const close = (): void => {
    open = false;
    if (running > 0) throw new TransactionMisuse("A statement of this transaction was not awaited");
  };
  return { tx, close, afterCommit };
}
