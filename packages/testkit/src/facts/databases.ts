import pg from "pg";
import type {
  Facts,
  InboxFact,
  MovementFact,
  OutboxFact,
  ParkedFact,
} from "../invariants/facts.ts";

/** The services that own a database; names of databases have underscores for hyphens. */
export const databases = [
  "order",
  "payment",
  "inventory",
  "fraud_scoring",
  "notification",
] as const;

type Rows = <Row>(sql: string, values?: unknown[]) => Promise<Row[]>;

/** Runs `work` with a reader of one database, as the server's owner; bigints come as numbers. */
export async function withDatabase<T>(
  adminUrl: string,
  database: string,
  work: (rows: Rows) => Promise<T>,
): Promise<T> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({
    connectionString: url.toString(),
    connectionTimeoutMillis: 5_000,
    types: { getTypeParser: (oid, format) => parserOf(oid, format) },
  });
  await client.connect();
  try {
    return await work(async (sql, values) => (await client.query(sql, values)).rows);
  } finally {
    await client.end();
  }
}

const bigint = 20;

function parserOf(oid: number, format?: "text" | "binary") {
  return oid === bigint ? Number : pg.types.getTypeParser(oid, format ?? "text");
}

type OrderBooks = Pick<Facts, "orders">;
type PaymentBooks = Pick<Facts, "payments" | "postings">;
type InventoryBooks = Pick<Facts, "reservations" | "movements"> & {
  readonly counts: readonly { sku: string; onHand: number; reserved: number }[];
};

export async function readOrderBooks(adminUrl: string): Promise<OrderBooks> {
  return withDatabase(adminUrl, "order", async (rows) => ({
    orders: await rows(`
      SELECT order_id AS "orderId", saga, payment, total_minor AS "totalMinor", currency,
        (SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity))
         FROM order_items i WHERE i.order_id = o.order_id) AS lines
      FROM orders o`),
  }));
}

export async function readPaymentBooks(adminUrl: string): Promise<PaymentBooks> {
  return withDatabase(adminUrl, "payment", async (rows) => ({
    payments: await rows(`
      SELECT payment_id AS "paymentId", order_id AS "orderId", status,
        amount_minor AS "amountMinor", currency FROM payments`),
    postings: await rows(`
      SELECT payment_id AS "paymentId", sequence, account, currency,
        amount_minor AS "amountMinor" FROM ledger_postings`),
  }));
}

export async function readInventoryBooks(adminUrl: string): Promise<InventoryBooks> {
  return withDatabase(adminUrl, "inventory", async (rows) => ({
    reservations: await rows(`SELECT order_id AS "orderId", status FROM reservations`),
    counts: await rows(`SELECT sku, on_hand AS "onHand", reserved FROM stock`),
    movements: await rows<MovementFact>(`
      SELECT sku, kind, order_id AS "orderId", on_hand_change AS "onHandChange",
        reserved_change AS "reservedChange" FROM stock_movements`),
  }));
}

export async function readNotifications(adminUrl: string): Promise<Pick<Facts, "notifications">> {
  return withDatabase(adminUrl, "notification", async (rows) => ({
    notifications: await rows(`
      SELECT id AS "notificationId", event_id AS "eventId", event_type AS "eventType", audience,
        channel FROM notifications`),
  }));
}

/** What every database with an outbox or an inbox holds of it; times are ms since the epoch. */
export async function readMailboxes(
  adminUrl: string,
  settledBeforeMs: number,
): Promise<Pick<Facts, "outbox" | "inbox" | "parked">> {
  const all = await Promise.all(
    databases.map((database) => readMailbox(adminUrl, { database, settledBeforeMs })),
  );
  return {
    outbox: all.flatMap(({ outbox }) => outbox),
    inbox: all.flatMap(({ inbox }) => inbox),
    parked: all.flatMap(({ parked }) => parked),
  };
}

function readMailbox(
  adminUrl: string,
  { database, settledBeforeMs }: { database: string; settledBeforeMs: number },
) {
  return withDatabase(adminUrl, database, async (rows) => {
    const [found] = await rows<{ outbox: boolean; inbox: boolean }>(`
      SELECT to_regclass('outbox') IS NOT NULL AS outbox, to_regclass('inbox') IS NOT NULL AS inbox`);
    return {
      outbox: found?.outbox ? await rows<OutboxFact>(OUTBOX, [database, settledBeforeMs]) : [],
      inbox: found?.inbox ? await rows<InboxFact>(INBOX) : [],
      parked: found?.inbox ? await rows<ParkedFact>(PARKED) : [],
    };
  });
}

const OUTBOX = `
  SELECT $1::text AS service, id, aggregatetype AS topic, type, entity_id AS "entityId",
    entity_version AS "entityVersion", encode(sha256(payload), 'base64') AS digest,
    created_at < to_timestamp($2::float8 / 1000) AS settled
  FROM outbox`;

const INBOX = `SELECT consumer_group AS "group", event_id AS "eventId" FROM inbox`;

const PARKED = `
  SELECT consumer_group AS "group", topic, partition, record_offset::text AS offset
  FROM inbox_parked`;

/** Every row of every table as JSON, for searches that know no schema; bytes are hexadecimal. */
export async function readWholeDatabase(
  adminUrl: string,
  database: string,
  see: (table: string, row: string) => void,
): Promise<void> {
  await withDatabase(adminUrl, database, async (rows) => {
    const tables = await rows<{ name: string }>(`
      SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`);
    for (const { name } of tables) {
      for (const { row } of await rows<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM ${name} t`,
      )) {
        see(name, row);
      }
    }
  });
}
