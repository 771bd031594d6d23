import type { SeenAlert } from "./alert-tail.ts";
import type { Sent } from "./open-loop.ts";
import { isSettled } from "./outcomes.ts";
import { type Summary, summarise } from "./percentiles.ts";
import type { PlannedOrder, TrafficPlan } from "./plan.ts";
import type { OrderView, Placement } from "./shop-client.ts";
import { fraudStories, type StoryName } from "./stories/story.ts";

/** Everything that a run saw. */
export interface RunRecord {
  readonly seed: string;
  /** Start of the load, ms since the epoch. */
  readonly startedAtMs: number;
  /** From the first intended order to the last answer. */
  readonly durationMs: number;
  readonly plan: TrafficPlan;
  readonly sent: readonly Sent<PlannedOrder, Placement>[];
  readonly orders: ReadonlyMap<string, OrderView>;
  /** Null when the alerts were not watched. */
  readonly alerts: readonly SeenAlert[] | null;
}

/** How one kind of story went. */
export interface StoryReport {
  readonly story: StoryName;
  readonly tellings: number;
  readonly orders: number;
  /** Tellings that at least one alert was raised for; for ordinary traffic, false alarms. */
  readonly tellingsAlerted: number;
  readonly alerts: number;
  readonly alertsByRule: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What a run tells at its end; times in milliseconds. */
export interface TrafficReport {
  readonly seed: string;
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly ordersPerSecond: number;
  readonly orders: {
    readonly planned: number;
    readonly sent: number;
    readonly accepted: number;
    readonly retries: number;
    readonly byStatus: Readonly<Record<string, number>>;
  };
  /** Of the accepted orders; `unsettled` were still on their way when the run ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly stories: readonly StoryReport[];
  /** From the intended moment of an order to its answer, so that a stalled server shows. */
  readonly acceptanceMs: Summary;
  /** From the first to the last status, by the service's own clock. */
  readonly settlementMs: Summary;
  /** From the intended moment of the order that completed a match to its alert at this reader. */
  readonly orderToAlertMs: Summary | null;
  /** Alerts seen that belong to no order of this run. */
  readonly foreignAlerts: number;
}

/** Turns what was seen into numbers. */
export function reportOn(run: RunRecord): TrafficReport {
  const { plan, sent, orders, alerts } = run;
  const accepted = sent.filter(({ result }) => result.orderId !== null);
  const byOrderId = new Map(accepted.map((each) => [each.result.orderId, each]));
  const own = (alerts ?? []).flatMap((alert) => {
    const cause = byOrderId.get(alert.orderId);
    return cause === undefined ? [] : [{ alert, cause }];
  });
  const outcomeOf = (orderId: string | null): string => {
    const order = orders.get(orderId ?? "");
    return isSettled(order) ? order.status : "unsettled";
  };
  return {
    seed: run.seed,
    startedAt: new Date(run.startedAtMs).toISOString(),
    durationSeconds: Math.round(run.durationMs / 100) / 10,
    ordersPerSecond: Math.round((10_000 * sent.length) / Math.max(1, run.durationMs)) / 10,
    orders: {
      planned: plan.orders.length,
      sent: sent.length,
      accepted: accepted.length,
      retries: sent.reduce((sum, { result }) => sum + result.attempts - 1, 0),
      byStatus: countBy(sent, ({ result }) => String(result.status)),
    },
    outcomes: countBy(accepted, ({ result }) => outcomeOf(result.orderId)),
    stories: (["ordinary", ...fraudStories] as const).map((story) =>
      reportOnStory(story, { accepted, own, outcomeOf }),
    ),
    acceptanceMs: summarise(accepted.map(({ intendedMs, endedMs }) => endedMs - intendedMs)),
    settlementMs: summarise([...orders.values()].filter(isSettled).map(settlementMsOf)),
    orderToAlertMs:
      alerts === null
        ? null
        : summarise(
            own.map(({ alert, cause }) => alert.receivedAtMs - run.startedAtMs - cause.intendedMs),
          ),
    foreignAlerts: (alerts ?? []).length - own.length,
  };
}

/** Whether every planned order was accepted and came to rest. */
export function isComplete({ orders, outcomes }: TrafficReport): boolean {
  return orders.accepted === orders.planned && (outcomes["unsettled"] ?? 0) === 0;
}

interface Seen {
  readonly accepted: readonly Sent<PlannedOrder, Placement>[];
  readonly own: readonly {
    readonly alert: SeenAlert;
    readonly cause: Sent<PlannedOrder, Placement>;
  }[];
  readonly outcomeOf: (orderId: string | null) => string;
}

function reportOnStory(story: StoryName, { accepted, own, outcomeOf }: Seen): StoryReport {
  const orders = accepted.filter(({ item }) => item.story === story);
  const alerts = own.filter(({ cause }) => cause.item.story === story);
  const tellingsOf = (of: readonly Sent<PlannedOrder, Placement>[]): number =>
    new Set(of.map(({ item }) => item.telling)).size;
  return {
    story,
    tellings: tellingsOf(orders),
    orders: orders.length,
    tellingsAlerted: tellingsOf(alerts.map(({ cause }) => cause)),
    alerts: alerts.length,
    alertsByRule: countBy(alerts, ({ alert }) => alert.ruleId),
    outcomes: countBy(orders, ({ result }) => outcomeOf(result.orderId)),
  };
}

function settlementMsOf({ createdAt, updatedAt }: OrderView): number {
  return Date.parse(updatedAt) - Date.parse(createdAt);
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const groups = [...Map.groupBy(items, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(groups.map(([key, of]) => [key, of.length]));
}
