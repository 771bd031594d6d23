import type { Database } from "@holdfast/outbox";
import type { Component, Nudge } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import pg from "pg";

const channel = "order_status";
const reconnectMs = 1_000;

/** Tells every instance of this service that an order has a new status. */
export interface StatusAnnouncements extends Component {
  /** Call after the commit. A hint that may get lost: readers must also look from time to time. */
  announce(orderId: string): void;
}

/** What announcements need. */
export interface AnnouncementOptions {
  readonly url: string;
  readonly database: Database;
  /** Notified with the order's id, whichever instance announced it. */
  readonly nudge: Pick<Nudge, "notify">;
  readonly logger: Logger;
}

/**
 * Announces through Postgres' NOTIFY, in statements of their own after the commit: a NOTIFY inside the
 * order's transaction would make all commits of the database wait for each other's disk writes.
 *
 * Listening: stopped → connecting → listening → (connection lost) → connecting … until stopped. What was
 * announced while nobody listened is found by the readers' own looking.
 */
export function createStatusAnnouncements(options: AnnouncementOptions): StatusAnnouncements {
  const { database, nudge, logger } = options;
  const announcer = createAnnouncer(database, logger);
  let listener: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = true;

  const listen = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: options.url,
      application_name: "order status listener",
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
    });
    listener = client;
    client.on("error", (error) => logger.warn({ err: error }, "The status listener was cut off"));
    client.on("end", () => {
      if (listener === client) listenLater();
    });
    client.on("notification", ({ payload }) => nudge.notify(payload ?? ""));
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      logger.warn({ err: error }, "The status listener cannot reach Postgres");
      await client.end().catch(() => undefined);
      listenLater();
    }
  };
  const listenLater = (): void => {
    clearTimeout(retry);
    if (!stopped) retry = setTimeout(() => void listen(), reconnectMs);
  };

  return {
    name: "status-announcements",
    announce: (orderId) => {
      nudge.notify(orderId);
      announcer.announce(orderId);
    },
    start: async () => {
      stopped = false;
      await listen();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      await announcer.idle();
      await listener?.end().catch(() => undefined);
    },
  };
}

/** Sends announcements in order, all that have gathered in one statement, one statement at a time. */
function createAnnouncer(database: Database, logger: Logger) {
  const gathered = new Set<string>();
  let sending: Promise<void> = Promise.resolve();
  const send = async (): Promise<void> => {
    const orderIds = [...gathered];
    gathered.clear();
    if (orderIds.length === 0) return;
    try {
      await database.read(`SELECT pg_notify('${channel}', id) FROM unnest($1::text[]) AS id`, [
        orderIds,
      ]);
    } catch (error) {
      logger.warn({ err: error }, "Status changes could not be announced");
    }
  };
  return {
    announce: (orderId: string): void => {
      gathered.add(orderId);
      if (gathered.size === 1) sending = sending.then(send);
    },
    idle: (): Promise<void> => sending,
  };
}
