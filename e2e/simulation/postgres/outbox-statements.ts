import type { Row, Statement, View } from "./engine.ts";
import type { StatementTable } from "./statement-table.ts";

type Key = string;

const entityOf = (topic: string, entityId: string): Key => `${topic} ${entityId}`;
const at = (...parts: readonly (string | number)[]): Key => parts.join(" ");

/** The tables of every event service: outbox, inbox, parked records, idempotency keys, work queue. */
export const outboxStatements: StatementTable = {
  "outbox-insert": {
    locks: (_, [, topic, , , , entityId]: string[]) => [
      ["outbox_entity_versions", entityOf(topic ?? "", entityId ?? "")],
    ],
    run: (view, values: [string, string, string, string, Buffer, string, number | null]) => {
      const [id, topic, key, type, payload, entityId, partition] = values;
      const entity = entityOf(topic, entityId);
      const last = view.get("outbox_entity_versions", entity);
      const version = Number(last?.["version"] ?? 0) + 1;
      view.put("outbox_entity_versions", entity, { version });
      view.put("outbox", id, { id, topic, key, type, payload, entityId, version, partition });
      return 1;
    },
  },
  "inbox-claim": {
    locks: (_, [group, eventId]: string[]) => [["inbox", at(group ?? "", eventId ?? "")]],
    run: (view, [group, eventId]: [string, string]) =>
      insertNew(view, ["inbox", at(group, eventId)], { group, eventId }),
  },
  "DELETE FROM inbox WHERE": {
    run: (view, [group, eventId]: [string, string]) => remove(view, "inbox", at(group, eventId)),
  },
  ...positions(),
  ...parkedRecords(),
  ...crashGuard(),
};

function insertNew(view: View, [table, key]: [string, string], row: Row): number {
  if (view.get(table, key) !== undefined) return 0;
  view.put(table, key, row);
  return 1;
}

function remove(view: View, table: string, key: string): number {
  if (view.get(table, key) === undefined) return 0;
  view.delete(table, key);
  return 1;
}

type Entity = [group: string, topic: string, entityId: string];
type ClaimValues = [
  group: string,
  eventId: string,
  topic: string,
  entityId: string,
  version: number,
];

const positionsTable = "inbox_entity_positions";

interface Position {
  readonly version: number;
  readonly parked: boolean;
}

function positionOf(view: View, entity: Entity): Position | undefined {
  return view.get(positionsTable, at(...entity)) as Position | undefined;
}

/** Changes a position, or makes it. */
function setPosition(view: View, entity: Entity, change: Partial<Position>): Position {
  const before = positionOf(view, entity) ?? { version: 0, parked: false };
  const position = { ...before, ...change };
  view.put(positionsTable, at(...entity), { ...position });
  return position;
}

function positions(): StatementTable {
  const locks = (_: View, [group, topic, entityId]: Entity) =>
    [[positionsTable, at(group, topic, entityId)]] as const;
  return {
    "inbox-claim-first": claimInTurn(),
    "inbox-claim-later": claimInTurn(),
    "inbox-advance": {
      locks,
      run: (view, [group, topic, entityId, version]: [...Entity, number]) => {
        setPosition(view, [group, topic, entityId], { version });
        return 1;
      },
    },
    "inbox-lock-position": {
      locks,
      run: (view, entity: Entity) => [{ ...setPosition(view, entity, {}) }],
    },
    "INSERT INTO inbox_entity_positions": {
      locks,
      run: (view, entity: Entity) => {
        setPosition(view, entity, { parked: true });
        return 1;
      },
    },
  };
}

/** Versions count from 1, so that an entity without a position is one at 0. */
function claimInTurn(): Statement {
  return {
    locks: (_, [group, eventId, topic, entityId]: ClaimValues) => [
      ["inbox", at(group, eventId)],
      [positionsTable, at(group, topic, entityId)],
    ],
    run: (view, [group, eventId, topic, entityId, version]: ClaimValues) => {
      const isNew = insertNew(view, ["inbox", at(group, eventId)], { group, eventId }) === 1;
      const entity: Entity = [group, topic, entityId];
      const isDue = (positionOf(view, entity)?.version ?? 0) === version - 1;
      if (!isNew || !isDue) return [{ claimed: isNew, parked: null }];
      return [{ claimed: true, parked: setPosition(view, entity, { version }).parked }];
    },
  };
}

function parkedRecords(): StatementTable {
  const table = "inbox_parked";
  const next = (view: View, [group, topic, entityId]: string[]): Key | undefined => {
    const position = view.get(
      "inbox_entity_positions",
      at(group ?? "", topic ?? "", entityId ?? ""),
    );
    if (position === undefined) return undefined;
    return at(group ?? "", topic ?? "", entityId ?? "", Number(position["version"]) + 1);
  };
  return {
    "SELECT count(*) AS n FROM inbox_parked": {
      run: (view, [group]: [string]) => [
        { n: view.rows(table).filter((row) => row["consumer_group"] === group).length },
      ],
    },
    "INSERT INTO inbox_parked": {
      run: (view, values: unknown[]) => {
        const [group, topic, entityId, version, eventId, type, event, messageKey] = values;
        const [partition, offset, timestampMs, key, value, headers] = values.slice(8);
        return insertNew(
          view,
          [table, at(String(group), String(topic), String(entityId), Number(version))],
          {
            consumer_group: group,
            topic,
            entity_id: entityId,
            entity_version: version,
            event_id: eventId,
            event_type: type,
            event: JSON.parse(String(event)),
            message_key: messageKey,
            partition,
            record_offset: Number(offset),
            timestamp_ms: timestampMs,
            record_key: key,
            record_value: value,
            record_headers: JSON.parse(String(headers)),
          },
        );
      },
    },
    "DELETE FROM inbox_parked k USING": {
      locks: (view, values: string[]) => {
        const key = next(view, values);
        return key === undefined || view.get(table, key) === undefined ? [] : [[table, key]];
      },
      run: (view, values: string[]) => {
        const key = next(view, values);
        const row = key === undefined ? undefined : view.get(table, key);
        if (key === undefined || row === undefined) return [];
        view.delete(table, key);
        return [row];
      },
    },
  };
}

function crashGuard(): StatementTable {
  const table = "inbox_attempts";
  return {
    "INSERT INTO inbox_attempts": {
      run: (view, values: string[]) => {
        const key = at(...values);
        const attempts = Number(view.get(table, key)?.["attempts"] ?? 0) + 1;
        view.put(table, key, { attempts });
        return [{ attempts }];
      },
    },
    "DELETE FROM inbox_attempts": {
      run: (view, values: string[]) => remove(view, table, at(...values)),
    },
  };
}

/** Answers to requests, as the package keeps them per caller, route and key. */
export const idempotencyStatements: StatementTable = {
  "idempotency-lock": {
    locks: (view, [scope]: string[]) =>
      view.isLocked("advisory", scope ?? "") ? [] : [["advisory", scope ?? ""]],
    run: (view, [scope]: [string]) => [{ locked: !view.isLocked("advisory", scope) }],
  },
  "idempotency-claim": {
    locks: (_, [caller, route, key]: string[]) => [
      ["idempotency_keys", at(caller ?? "", route ?? "", key ?? "")],
    ],
    run: (view, [caller, route, key, fingerprint]: [string, string, string, Buffer]) =>
      insertNew(view, ["idempotency_keys", at(caller, route, key)], { fingerprint }),
  },
  "idempotency-forget": { run: () => 0 },
  "idempotency-store": {
    run: (view, values: [string, string, string, number, string, Buffer]) => {
      const [caller, route, key, status, headers, body] = values;
      const scope = at(caller, route, key);
      const row = view.get("idempotency_keys", scope);
      if (row === undefined) return 0;
      const answer = { status, headers: JSON.parse(headers), body };
      view.put("idempotency_keys", scope, { ...row, ...answer });
      return 1;
    },
  },
  "SELECT fingerprint, status, headers, body FROM idempotency_keys": {
    run: (view, [caller, route, key]: [string, string, string]) => {
      const row = view.get("idempotency_keys", at(caller, route, key));
      return row === undefined ? [] : [row];
    },
  },
};

interface TaskRow extends Row {
  readonly queue: string;
  readonly key: string;
  readonly nextAttemptAt: number;
  readonly leasedUntil: number | null;
  readonly lease: string | null;
  readonly attempt: number;
}

const tasks = "work_queue";

/** The tasks of a queue that a worker may have at `nowMs`, the longest due first. */
function claimable(view: View, queue: string, { nowMs, limit }: { nowMs: number; limit: number }) {
  return (view.rows(tasks) as TaskRow[])
    .filter((task) => task.queue === queue && task.nextAttemptAt <= nowMs && isFree(view, task))
    .filter((task) => !view.isLocked(tasks, at(queue, task.key)))
    .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt)
    .slice(0, limit);
}

function isFree(view: View, { leasedUntil }: TaskRow): boolean {
  return leasedUntil === null || leasedUntil < view.now().getTime();
}

/** Steps and timers that are owed. */
export const workQueueStatements: StatementTable = {
  "task-insert": {
    locks: (_, [queue, key]: string[]) => [[tasks, at(queue ?? "", key ?? "")]],
    run: (view, [queue, key, payload, dueAt]: [string, string, string, number]) =>
      insertNew(view, [tasks, at(queue, key)], {
        queue,
        key,
        payload: JSON.parse(payload),
        dueAt: new Date(dueAt),
        nextAttemptAt: dueAt,
        attempt: 0,
        lease: null,
        leasedUntil: null,
        traceparent: null,
        tracestate: null,
      }),
  },
  "task-claim": {
    locks: (view, [queue, nowMs, limit]: [string, number, number]) =>
      claimable(view, queue, { nowMs, limit }).map((task) => [tasks, at(queue, task.key)] as const),
    run: (view, [queue, nowMs, limit, leaseMs]: [string, number, number, number]) =>
      claimable(view, queue, { nowMs, limit }).map((task) => {
        const leasedUntil = view.now().getTime() + leaseMs;
        const claimed = { ...task, attempt: task.attempt + 1, lease: view.uuid(), leasedUntil };
        view.put(tasks, at(queue, task.key), claimed);
        return claimed;
      }),
  },
  "task-delete": {
    locks: (_, [queue, key]: string[]) => [[tasks, at(queue ?? "", key ?? "")]],
    run: (view, [queue, key]: [string, string]) => remove(view, tasks, at(queue, key)),
  },
  "task-settle": {
    locks: (_, [queue, key]: string[]) => [[tasks, at(queue ?? "", key ?? "")]],
    run: (view, [queue, key, lease]: [string, string, string]) => {
      const task = view.get(tasks, at(queue, key));
      return task?.["lease"] === lease ? remove(view, tasks, at(queue, key)) : 0;
    },
  },
  "UPDATE work_queue SET lease = NULL": {
    locks: (_, [queue, key]: string[]) => [[tasks, at(queue ?? "", key ?? "")]],
    run: (view, [queue, key, lease, nextAttemptAt]: [string, string, string, number]) => {
      const task = view.get(tasks, at(queue, key));
      if (task?.["lease"] !== lease) return 0;
      view.put(tasks, at(queue, key), { ...task, nextAttemptAt, lease: null, leasedUntil: null });
      return 1;
    },
  },
};
