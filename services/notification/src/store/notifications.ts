import type { Query } from "@holdfast/outbox";
import type { AlertDetails, Audience, Notice, PaymentDetails } from "../domain/notice.ts";

/** One message to one audience by one channel; times in milliseconds since the epoch. */
export interface Notification {
  /** UUIDv7; ascends with creation. */
  readonly id: string;
  /** The event that is told. */
  readonly eventId: string;
  readonly eventType: string;
  readonly audience: Audience;
  readonly channel: string;
  readonly customerId: string;
  readonly orderId: string | null;
  readonly subject: string;
  readonly body: string;
  readonly details: AlertDetails | PaymentDetails | null;
  /** The trace in which the event was handled; null when nothing was traced. */
  readonly traceId: string | null;
  /** When the event became true. */
  readonly occurredAt: number;
  readonly createdAt: number;
  /** When the sink took it; null while the delivery is owed. */
  readonly deliveredAt: number | null;
}

/** A notification that is about to be recorded. */
export type NewNotification = Notice & Omit<Notification, keyof Notice | "deliveredAt">;

/** Records it; false when this event was told to this audience by this channel before. */
export async function insertNotification(
  query: Query,
  notification: NewNotification,
): Promise<boolean> {
  const { rowCount } = await query(insertStatement, [
    notification.id,
    notification.eventId,
    notification.eventType,
    notification.audience,
    notification.channel,
    notification.customerId,
    notification.orderId,
    notification.subject,
    notification.body,
    notification.details === null ? null : JSON.stringify(notification.details),
    notification.traceId,
    new Date(notification.occurredAt),
    new Date(notification.createdAt),
  ]);
  return rowCount === 1;
}

const insertStatement = {
  name: "notification-insert",
  text: `INSERT INTO notifications (id, event_id, event_type, audience, channel, customer_id, order_id,
           subject, body, details, trace_id, occurred_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (event_id, audience, channel) DO NOTHING`,
};

/** Undefined when there is none of that id. */
export async function findNotification(
  query: Query,
  id: string,
): Promise<Notification | undefined> {
  const { rows } = await query<NotificationRow>(
    { name: "notification-find", text: `${selectNotification} WHERE id = $1` },
    [id],
  );
  return rows.map(notificationOf)[0];
}

/** Notes that the sink took it; the first time counts. */
export async function markDelivered(
  query: Query,
  { id, deliveredAt }: { readonly id: string; readonly deliveredAt: number },
): Promise<void> {
  await query(
    {
      name: "notification-delivered",
      text: "UPDATE notifications SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL",
    },
    [id, new Date(deliveredAt)],
  );
}

/** Which notifications to list; undefined members do not narrow the list. */
export interface NotificationFilter {
  readonly customerId: string | undefined;
  readonly audience: Audience | undefined;
  /** Only those older than the notification of this id. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** Newest first, at most `limit`. */
export async function listNotifications(
  query: Query,
  { customerId, audience, before, limit }: NotificationFilter,
): Promise<readonly Notification[]> {
  const { rows } = await query<NotificationRow>(
    `${selectNotification}
     WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text IS NULL OR audience = $2)
       AND ($3::uuid IS NULL OR id < $3)
     ORDER BY id DESC LIMIT $4`,
    [customerId ?? null, audience ?? null, before ?? null, limit],
  );
  return rows.map(notificationOf);
}

/** How many deliveries a channel owes. */
export async function countPending(query: Query, channel: string): Promise<number> {
  const { rows } = await query<{ pending: number }>(
    "SELECT count(*) AS pending FROM notifications WHERE channel = $1 AND delivered_at IS NULL",
    [channel],
  );
  return rows[0]?.pending ?? 0;
}

type Times = "occurredAt" | "createdAt" | "deliveredAt";
type NotificationRow = Omit<Notification, Times> & {
  readonly occurredAt: Date;
  readonly createdAt: Date;
  readonly deliveredAt: Date | null;
};

const selectNotification = `
  SELECT id, event_id AS "eventId", event_type AS "eventType", audience, channel,
    customer_id AS "customerId", order_id AS "orderId", subject, body, details,
    trace_id AS "traceId", occurred_at AS "occurredAt", created_at AS "createdAt",
    delivered_at AS "deliveredAt"
  FROM notifications`;

function notificationOf(row: NotificationRow): Notification {
  return {
    ...row,
    occurredAt: row.occurredAt.getTime(),
    createdAt: row.createdAt.getTime(),
    deliveredAt: row.deliveredAt?.getTime() ?? null,
  };
}
