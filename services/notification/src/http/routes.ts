import type { Query } from "@holdfast/outbox";
import { type Caller, defineRoute, forbidden, pageOf, type Route } from "@holdfast/service-kit";
import { z } from "zod";
import type { Audience } from "../domain/notice.ts";
import { listNotifications, type Notification } from "../store/notifications.ts";

const NotificationView = z.object({
  notificationId: z.uuid(),
  audience: z.enum(["customer", "analyst"]),
  channel: z.string(),
  customerId: z.string(),
  orderId: z.string().nullable(),
  subject: z.string(),
  body: z.string(),
  details: z.record(z.string(), z.unknown()).nullable(),
  eventId: z.uuid(),
  eventType: z.string(),
  traceId: z.string().nullable(),
  occurredAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  deliveredAt: z.iso.datetime().nullable(),
});

const Page = z.object({
  items: z.array(NotificationView),
  nextCursor: z.string().nullable().describe("Pass as cursor for older ones; null at the end"),
});

const Filter = z.strictObject({
  customerId: z.string().min(1).max(100).optional(),
  audience: z.enum(["customer", "analyst"]).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.uuid().optional(),
});

/** GET /notifications. */
export function notificationRoutes(query: Query): readonly Route[] {
  const list = defineRoute({
    method: "get",
    path: "/notifications",
    summary: "What was told to whom, newest first",
    description:
      "Analysts and admins see everything; a customer's key sees what that customer was told.",
    auth: ["customer", "analyst", "admin"],
    request: { query: Filter },
    responses: { 200: { description: "One page", schema: Page } },
    handle: async ({ caller, query: { limit, cursor, ...wanted } }) => {
      const visible = visibleTo(caller, wanted);
      // One more than asked for tells whether there is a next page.
      const { items, nextCursor } = await pageOf(
        limit,
        (count) => listNotifications(query, { ...visible, before: cursor, limit: count }),
        ({ id }) => id,
      );
      return { status: 200, body: { items: items.map(viewOf), nextCursor } };
    },
  });
  return [list];
}

interface Wanted {
  readonly customerId?: string | undefined;
  readonly audience?: Audience | undefined;
}

/** Narrows what is wanted to what the caller may see; refuses what lies wholly outside of it. */
function visibleTo(
  caller: Caller,
  { customerId, audience }: Wanted,
): { customerId: string | undefined; audience: Audience | undefined } {
  if (caller.scopes.includes("analyst") || caller.scopes.includes("admin")) {
    return { customerId, audience };
  }
  if (audience === "analyst") throw forbidden("This needs the scope analyst or admin");
  if (caller.customerId === "*") return { customerId, audience: "customer" };
  const own = caller.customerId ?? "";
  if (customerId !== undefined && customerId !== own) {
    throw forbidden("This key sees the notifications of its own customer alone");
  }
  return { customerId: own, audience: "customer" };
}

function viewOf(notification: Notification): z.infer<typeof NotificationView> {
  const { id, occurredAt, createdAt, deliveredAt, details, ...rest } = notification;
  return {
    notificationId: id,
    ...rest,
    details: details === null ? null : { ...details },
    occurredAt: new Date(occurredAt).toISOString(),
    createdAt: new Date(createdAt).toISOString(),
    deliveredAt: deliveredAt === null ? null : new Date(deliveredAt).toISOString(),
  };
}
