import {
  type ProviderAnswer,
  ProviderUnreachable,
} from "../../services/payment/src/provider/provider.ts";
import type { Bug } from "./bug.ts";
import { type OutboxRow, recordOf } from "./bus/connector.ts";
import type { Row, Statement } from "./postgres/engine.ts";
import type { StatementTable } from "./postgres/statement-table.ts";
import type { ServiceName } from "./scenario.ts";

/** A bug that the simulation must see, and the invariants of which at least one must be broken. */
export interface Plant {
  readonly name: string;
  readonly bug: Bug;
  readonly seenBy: readonly string[];
}

/** The table with one statement in another's place; a name that is not there changes nothing. */
function replaced(
  table: StatementTable,
  name: string,
  change: (original: Statement) => Statement,
): StatementTable {
  const original = table[name];
  return original === undefined ? table : { ...table, [name]: change(original) };
}

/** A service that passes over some of its events, done and all. */
function deafTo(service: ServiceName, eventType: string): Bug {
  return {
    consumes: (routes, world) =>
      world.service !== service
        ? routes
        : routes.map((route) => ({
            ...route,
            dispatch: async (context) => {
              if (context.message?.type !== eventType) await route.dispatch(context);
            },
          })),
  };
}

const newKeyPerAttempt: Bug = {
  provider: (provider) => {
    let attempts = 0;
    return {
      carryOut: (request, call) => {
        attempts += 1;
        return provider.carryOut(request, { ...call, key: `${call.key}/${attempts}` });
      },
      query: async () => undefined,
    };
  },
};

const silenceIsRefusal: Bug = {
  provider: (provider) => ({
    ...provider,
    carryOut: async (request, call) => {
      try {
        return await provider.carryOut(request, call);
      } catch (error) {
        if (!(error instanceof ProviderUnreachable)) throw error;
        return { outcome: "refused", code: "timed_out" } satisfies ProviderAnswer;
      }
    },
  }),
};

const voidsAreAssumed: Bug = {
  provider: (provider) => ({
    ...provider,
    carryOut: async (request, call) =>
      request.step === "void"
        ? { outcome: "succeeded", authorizationId: request.authorizationId, feeMinor: 0 }
        : provider.carryOut(request, call),
  }),
};

/** The answer to COMMIT comes before the commit, which a crash then forestalls. */
const acknowledgeFirst: Bug = {
  pool: (pool, process) => {
    const connect = async () => {
      const client = await pool.connect();
      let committing: Promise<unknown> = Promise.resolve();
      return {
        query: (query: never, values: never) => {
          if (query !== "COMMIT") return client.query(query, values);
          committing = process.pause(400).then(() => client.query("COMMIT"));
          return Promise.resolve({ command: "COMMIT", rows: [], rowCount: 0 });
        },
        release: () => {
          void committing.then(
            () => client.release(),
            () => client.release(),
          );
        },
        on: () => undefined,
      };
    };
    return Object.assign(Object.create(pool), { connect });
  },
};

/** The table with another claim of events, whether they have versions or not. */
function claiming(table: StatementTable, change: (original: Statement) => Statement) {
  const names = ["inbox-claim", "inbox-claim-first", "inbox-claim-later"];
  return names.reduce((changed, name) => replaced(changed, name, change), table);
}

const inboxRow = ([group, eventId]: readonly unknown[]): string => `${group} ${eventId}`;

const noInboxCheck: Bug = {
  statements: (table) =>
    claiming(table, (original) => ({
      ...original,
      run: (view, values) => {
        const answer = original.run(view, values);
        view.delete("inbox", inboxRow(values));
        return answer;
      },
    })),
};

/** The event is marked as handled before, and apart from, its effects. */
const markedFirst: Bug = {
  statements: (table, { engine }) =>
    claiming(table, ({ run }) => ({
      run: (view, values) => {
        const [group, eventId] = values;
        const marking = engine.begin();
        marking.writes.set("inbox", new Map([[inboxRow(values), { group, eventId }]]));
        const answer = run(view, values);
        engine.commit(marking);
        return answer;
      },
    })),
};

const offsetFirst: Bug = {
  onRead: (broker, group, place) => broker.commit(group, place, place.position + 1),
};

/** The event leaves when it is written, whether its transaction commits or not. */
const aroundTheOutbox: Bug = {
  statements: (table, { broker }) =>
    replaced(table, "outbox-insert", (original) => ({
      ...original,
      run: (view, values) => {
        const answer = original.run(view, values);
        const row = view.get("outbox", String(values[0])) as OutboxRow;
        broker.append(recordOf(row));
        view.delete("outbox", row.id);
        return answer;
      },
    })),
};

const keysAreNotKept: Bug = {
  statements: (table) => replaced(table, "idempotency-claim", () => ({ run: () => 1 })),
};

/** Two orders read the same counts, and each writes what it makes of them. */
const selectThenUpdate: Bug = {
  statements: (table) => {
    const read = new Map<string, Row>();
    const unlocked = replaced(table, "stock-lock", ({ run }) => ({
      run: (view, values) => {
        for (const sku of values[0] as string[]) read.set(sku, view.get("stock", sku) ?? {});
        return run(view, values);
      },
    }));
    return replaced(unlocked, "stock-move", ({ run }) => ({
      run: (view, values) => {
        for (const sku of values[0] as string[]) view.put("stock", sku, read.get(sku) ?? {});
        return run(view, values);
      },
    }));
  },
};

const releasedTwice: Bug = {
  statements: (table) =>
    replaced(table, "stock-move", (original) => ({
      ...original,
      run: (view, values) => {
        const [skus, kinds, , reservedChanges] = values as [string[], string[], [], number[]];
        const answer = original.run(view, values);
        for (const [at, sku] of skus.entries()) {
          if (kinds[at] !== "released") continue;
          const stock = view.get("stock", sku);
          const reserved = Number(stock?.["reserved"]) + Number(reservedChanges[at]);
          view.put("stock", sku, { ...stock, reserved });
        }
        return answer;
      },
    })),
};

const halfAnEntry: Bug = {
  statements: (table) =>
    replaced(table, "ledger-post", ({ run }) => ({
      run: (view, values) => {
        const answer = run(view, values);
        const [paymentId, , postings] = values as string[];
        const [first] = JSON.parse(postings ?? "[]") as { sequence: number; account: string }[];
        view.delete("ledger_postings", `${paymentId} ${first?.sequence} ${first?.account}`);
        return answer;
      },
    })),
};

const stepsAreForgotten: Bug = {
  statements: (table, { scheduler }) =>
    replaced(table, "task-insert", (original) => ({
      ...original,
      run: (view, values) => (scheduler.chance(0.05) ? 1 : original.run(view, values)),
    })),
};

/** Bugs in their smallest form. None is in the code that ships: each is a fault of the ground it stands on. */
export const plants: readonly Plant[] = [
  { name: "no inbox check", bug: noInboxCheck, seenBy: ["I8", "I10"] },
  { name: "marked as handled before it is handled", bug: markedFirst, seenBy: ["I5", "I6"] },
  { name: "offset committed before the transaction", bug: offsetFirst, seenBy: ["I5", "I10"] },
  { name: "published around the outbox", bug: aroundTheOutbox, seenBy: ["I7"] },
  { name: "acknowledged before the commit", bug: acknowledgeFirst, seenBy: ["I5", "I10"] },
  { name: "idempotency keys are not kept", bug: keysAreNotKept, seenBy: ["I5"] },
  { name: "a new provider key per attempt", bug: newKeyPerAttempt, seenBy: ["I2", "I1"] },
  { name: "a provider's silence taken for a refusal", bug: silenceIsRefusal, seenBy: ["I1", "I6"] },
  { name: "a void that is never sent", bug: voidsAreAssumed, seenBy: ["I6"] },
  { name: "stock read, then written, without a lock", bug: selectThenUpdate, seenBy: ["I4"] },
  { name: "a compensation that takes effect twice", bug: releasedTwice, seenBy: ["I4"] },
  {
    name: "payment deaf to cancellations",
    bug: deafTo("payment", "OrderCancelled"),
    seenBy: ["I6"],
  },
  {
    name: "inventory deaf to cancellations",
    bug: deafTo("inventory", "OrderCancelled"),
    seenBy: ["I6"],
  },
  { name: "half a ledger entry", bug: halfAnEntry, seenBy: ["I1"] },
  { name: "owed steps are forgotten now and then", bug: stepsAreForgotten, seenBy: ["I5", "I6"] },
];
