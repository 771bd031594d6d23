import type { Facts, JournalFact } from "../../packages/testkit/src/invariants/facts.ts";
import type { OutboxRow } from "./bus/connector.ts";
import { products, serviceNames } from "./scenario.ts";
import type { Suite } from "./suite.ts";

/** The facts of a simulated suite, in the shape in which the checker judges real ones. */
export function factsOf(suite: Suite): Facts {
  const { deployments, provider } = suite;
  const rows = <T>(service: keyof typeof deployments, table: string): T[] =>
    deployments[service].engine.committed(table) as T[];
  const initial = new Map<string, number>(products.map(({ sku, onHand }) => [sku, onHand]));
  return {
    shop: shopFacts(suite),
    orders: rows<Omit<Facts["orders"][number], "lines"> & { items: never }>("order", "orders").map(
      ({ items, ...order }) => ({ ...order, lines: items }),
    ),
    payments: rows<Record<string, never>>("payment", "payments").map((row) => ({
      paymentId: row["payment_id"] ?? "",
      orderId: row["order_id"] ?? "",
      status: row["status"] ?? "",
      amountMinor: row["amount_minor"] ?? 0,
      currency: row["currency"] ?? "",
    })),
    postings: rows("payment", "ledger_postings"),
    journal: provider.journal as readonly JournalFact[],
    reservations: rows("inventory", "reservations"),
    stock: rows<Facts["stock"][number]>("inventory", "stock").map((stock) => ({
      ...stock,
      initial: initial.get(stock.sku) ?? 0,
    })),
    movements: rows("inventory", "stock_movements"),
    ...mailFacts(suite),
    ...logFacts(suite),
    // Not part of this simulation.
    notifications: [],
    sink: [],
    replay: { compared: 1, differences: [] },
    cardNumbers: [],
  };
}

function shopFacts({ shop }: Suite): Facts["shop"] {
  const { acknowledged, reads, surprises } = shop;
  const nothing = { probes: [], offsets: [], injected: [], touched: [], strikes: [] };
  return { acknowledged, reads, surprises, ...nothing };
}

function mailFacts({ deployments }: Suite): Pick<Facts, "outbox" | "inbox" | "parked"> {
  const from = <T>(table: string): (T & { service: string })[] =>
    serviceNames.flatMap((service) =>
      (deployments[service].engine.committed(table) as T[]).map((row) => ({ ...row, service })),
    );
  return {
    outbox: from<OutboxRow>("outbox").map(({ service, id, topic, type, ...row }) => ({
      service,
      id,
      topic,
      type,
      entityId: row.entityId,
      entityVersion: row.version,
      digest: row.payload.toString("latin1"),
      settled: true,
    })),
    inbox: from("inbox"),
    parked: from<Record<string, never>>("inbox_parked").map((row) => ({
      group: row["consumer_group"] ?? "",
      topic: row["topic"] ?? "",
      partition: row["partition"] ?? 0,
      offset: String(row["record_offset"]),
    })),
  };
}

type LogFacts = Pick<Facts, "records" | "deadLetters" | "decisions" | "groups">;

function logFacts({ broker, deployments, deadLetters }: Suite): LogFacts {
  const topics = ["orders", "payments", "stock", "card-activity", "fraud-decisions"];
  const records = broker.places(topics).flatMap((place) => broker.log(place));
  return {
    records: records.map(({ topic, partition, offset, headers, value }) => ({
      topic,
      partition,
      offset,
      id: headers["id"] ?? null,
      type: headers["eventType"] ?? null,
      entityId: headers["entityId"] ?? null,
      entityVersion:
        headers["entityVersion"] === undefined ? null : Number(headers["entityVersion"]),
      traceparent: null,
      digest: value?.toString("latin1") ?? "",
    })),
    deadLetters,
    decisions: [],
    groups: serviceNames.flatMap((group) => {
      const consumed = deployments[group].current?.consumes.map(({ topic }) => topic) ?? [];
      return broker.places(consumed).map((place) => {
        const committed = String(broker.committed(group, place));
        const end = String(broker.log(place).length);
        return { group, ...place, committed, end, reached: committed, handles: null };
      });
    }),
  };
}
