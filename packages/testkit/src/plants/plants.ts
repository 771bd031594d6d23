/** A place in the source and what stands there instead while the bug is planted. */
export interface Replacement {
  /** Path from the project's folder. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that the checker must see: never in the code that ships, only in processes that are told to load it. */
export interface Plant {
  readonly name: string;
  readonly bug: string;
  readonly replacements: readonly Replacement[];
  /** Constraints that would stop the bug, taken away: the checker is tested, not the database. */
  readonly statements?: readonly { readonly database: string; readonly sql: string }[];
  /** The beginnings of the names of faults under which the bug shows; none if it shows by itself. */
  readonly faults: readonly string[];
  /** Any of these going red is the checker seeing it. */
  readonly seenBy: readonly string[];
}

const sendAround = `
const planted = Promise.all([import("@holdfast/messaging"), import("@holdfast/telemetry")]).then(
  async ([{ createKafka, createProducer }, { silentLogger: logger }]) => {
    const brokers = process.env["KAFKA_BROKERS"].split(",");
    const producer = createProducer({ kafka: createKafka({ brokers, clientId: "planted", logger }), logger });
    await producer.start();
    return producer;
  },
);
const publishedRows =`;

/** The bugs of docs on reliability, each in its smallest form. */
export const plants: readonly Plant[] = [
  {
    name: "no-inbox-check",
    bug: "an event is handled and not written into the inbox",
    replacements: [
      {
        file: "packages/outbox/src/inbox.ts",
        find: "context.tx = tx;",
        replace: "await releaseEvent(tx, group, message.id);\n  context.tx = tx;",
      },
    ],
    faults: ["duplicates"],
    seenBy: ["I8", "I10"],
  },
  {
    name: "offset-first",
    bug: "the offset is committed before the transaction",
    replacements: [
      {
        file: "packages/messaging/src/router.ts",
        find: "if (!(await deliverUntilDone(line, record, fromBacklog))) return;",
        replace: `partition.commit(offsetAfter(record.offset));
          await delay(150, new AbortController().signal);
          if (!(await deliverUntilDone(line, record, fromBacklog))) return;`,
      },
      {
        file: "packages/messaging/src/partition-processor.ts",
        find: "intervalMs: this.#limits.commitIntervalMs,",
        replace: "intervalMs: 0,",
      },
    ],
    faults: ["kill-order", "kill-payment", "kill-inventory"],
    seenBy: ["I5", "I10"],
  },
  {
    name: "around-the-outbox",
    bug: "an event is sent to its topic directly, not through the outbox",
    replacements: [
      {
        file: "packages/outbox/src/publish.ts",
        find: "const publishedRows =",
        replace: sendAround,
      },
      {
        file: "packages/outbox/src/publish.ts",
        find: `await tx.query({ name: "outbox-insert", text: insertOutboxRow }, [`,
        replace: `const headers = { id, eventType: type, entityId, ...(traceparent && { traceparent }) };
      const record = { topic, key, value: payload, headers, ...(partition !== null && { partition }) };
      await (await planted).send([record]);
      void ([`,
      },
    ],
    faults: [],
    seenBy: ["I7"],
  },
  {
    name: "select-then-update",
    bug: "stock is read by one statement and written by another, without a lock",
    replacements: [
      {
        file: "services/inventory/src/store/stock.ts",
        find: "ORDER BY sku FOR UPDATE",
        replace: "ORDER BY sku",
      },
      {
        file: "services/inventory/src/store/stock.ts",
        find: "reserved = reserved + reserved_change,",
        replace: `reserved = (SELECT s.reserved FROM stock s, pg_sleep(0.1)
        WHERE s.sku = movement.sku) + reserved_change,`,
      },
    ],
    faults: [],
    seenBy: ["I4"],
  },
  {
    name: "new-key-per-retry",
    bug: "each attempt at the provider comes under a key of its own",
    replacements: [
      {
        file: "services/payment/src/provider/perform-step.ts",
        find: "const known = attempt > 1 ? await provider.query(call) : undefined;",
        replace: `call.key = \`\${call.key}/\${attempt}\`;
      const known = undefined;`,
      },
    ],
    faults: ["provider-silent"],
    seenBy: ["I2", "I6"],
  },
  {
    name: "acknowledge-first",
    bug: "a request is answered before its transaction has committed",
    replacements: [
      {
        file: "packages/outbox/src/idempotency.ts",
        find: `return withSpan(\`idempotent \${request.route}\`, {}, () =>
    database.transact(async (tx) => {`,
        replace: `return new Promise((acknowledge, refuse) =>
    database.transact(async (tx) => {`,
      },
      {
        file: "packages/outbox/src/idempotency.ts",
        find: `await store(tx, scope, reply);
      return reply;
    }),`,
        replace: `await store(tx, scope, reply);
      acknowledge(reply);
      await tx.query("SELECT pg_sleep(0.3)");
      return reply;
    }).then(acknowledge, refuse),`,
      },
    ],
    faults: ["kill-order"],
    seenBy: ["I5"],
  },
  {
    name: "no-alert-key",
    bug: "an alert gets another id each time it is raised",
    replacements: [
      {
        file: "services/fraud-scoring/src/domain/ids.ts",
        find: "return uuidV5(alertNamespace, JSON.stringify(name));",
        replace: "return uuidV5(alertNamespace, JSON.stringify(name) + performance.now());",
      },
    ],
    faults: [],
    seenBy: ["I9"],
  },
  {
    name: "swallowed-dead-letter",
    bug: "a record that cannot be handled is passed over without a dead letter",
    replacements: [
      {
        file: "packages/messaging/src/middleware/dead-letter.ts",
        find: "await producer.send([",
        replace: "void ([",
      },
    ],
    faults: ["poison"],
    seenBy: ["I10"],
  },
  {
    name: "wall-clock",
    bug: "windows are measured by the scorer's clock",
    replacements: [
      {
        file: "services/fraud-scoring/src/domain/activity.ts",
        find: `return { kind: "card", card: cardFingerprint, at: occurredAt, ...content };`,
        replace: `return { kind: "card", card: cardFingerprint, at: Date.now(), ...content };`,
      },
    ],
    faults: ["scorer-away"],
    seenBy: ["I9"],
  },
  {
    name: "body-logged",
    bug: "the body of a request is logged",
    replacements: [
      {
        file: "services/payment/src/http/payment-methods.ts",
        find: "const { body, caller, idempotencyKey } = request;",
        replace: `const { body, caller, idempotencyKey } = request;
      process.stdout.write(\`\${JSON.stringify(body)}\\n\`);`,
      },
    ],
    faults: [],
    seenBy: ["I12"],
  },
  {
    name: "no-traceparent",
    bug: "events leave without their trace",
    replacements: [
      {
        file: "packages/outbox/src/publish.ts",
        find: "const { traceparent = null, tracestate = null } = currentTraceHeaders();",
        replace: "const [traceparent, tracestate] = [null, null];",
      },
    ],
    faults: [],
    seenBy: ["I13"],
  },
  {
    name: "released-twice",
    bug: "a compensation that is carried out twice takes effect twice",
    replacements: [
      {
        file: "services/inventory/src/handlers/carry-out.ts",
        find: "await moveStock(tx, movementsOf(reservation, event), { orderId });",
        replace: `await moveStock(tx, movementsOf(reservation, event), { orderId });
    if (event.type === "StockReleased") await moveStock(tx, movementsOf(reservation, event), { orderId });`,
      },
    ],
    statements: [
      {
        database: "inventory",
        sql: "ALTER TABLE stock_movements DROP CONSTRAINT stock_movements_order_id_sku_kind_key",
      },
    ],
    faults: [],
    seenBy: ["I4", "I6", "I8"],
  },
];

/** Puts a plant's bugs into a source text. Throws when a place is not there, or there more than once. */
export function plantInto(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((source, { file, find, replace }) => {
    const parts = source.split(find);
    if (parts.length !== 2) {
      throw new Error(`${file} has ${parts.length - 1} places to plant in: ${find}`);
    }
    return parts.join(replace);
  }, text);
}
