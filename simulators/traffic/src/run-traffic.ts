import { type AlertTail, watchAlerts } from "./alert-tail.ts";
import { createCatalogue, type Product } from "./catalogue.ts";
import { inParallel } from "./in-parallel.ts";
import { runOpenLoop } from "./open-loop.ts";
import type { TrafficOptions } from "./options.ts";
import { followOrders } from "./outcomes.ts";
import { type PlannedOrder, planTraffic, type TrafficPlan } from "./plan.ts";
import { type Progress, showProgress } from "./progress.ts";
import type { RunRecord } from "./report.ts";
import { createShopClient, type Placement, type ShopClient } from "./shop-client.ts";

interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** How a run is watched and ended early. */
export interface RunContext {
  /** Where progress is shown. */
  readonly terminal: Terminal;
  /** Ends the load early; what was sent is still reported. */
  readonly signal: AbortSignal;
}

/** Plans, registers the cards, sends, and follows every order to its end. Throws when nobody answers. */
export async function runTraffic(
  options: TrafficOptions,
  { terminal, signal }: RunContext,
): Promise<RunRecord> {
  const client = createShopClient(options);
  const plan = planTraffic({
    seed: options.seed,
    startedAtMs: Date.now(),
    rate: options.rate,
    durationMs: options.minutes * 60_000,
    catalogue: createCatalogue(await plentifulProducts(client)),
  });
  terminal.write(`Seed ${options.seed}: ${plan.orders.length} orders. Registering cards …\n`);
  const buyers = await registerCards(client, plan, options.seed);
  const tail = await startTail(options, terminal);
  const progress = {
    planned: plan.orders.length,
    sent: 0,
    accepted: 0,
    alerts: () => tail?.alerts.length ?? 0,
  };
  const endProgress = showProgress(progress, terminal);
  const startedAtMs = Date.now();
  const sent = await runOpenLoop<PlannedOrder, Placement>({
    items: plan.orders,
    maxOutstanding: options.maxOutstanding,
    signal,
    send: ({ card, items, idempotencyKey }) => {
      const buyer = buyers[card] as Buyer;
      return client.placeOrder({ ...buyer, currency: plan.currency, items }, idempotencyKey);
    },
    onSent: ({ result }) => count(progress, result),
  });
  const durationMs = Date.now() - startedAtMs;
  endProgress();
  terminal.write("All orders sent. Waiting for them to come to rest …\n");
  const orderIds = sent.flatMap(({ result }) => (result.orderId === null ? [] : [result.orderId]));
  const orders = await followOrders(client, orderIds, { limitMs: options.settleSeconds * 1000 });
  await tail?.stop();
  const alerts = tail?.alerts ?? null;
  return { seed: options.seed, startedAtMs, durationMs, plan, sent, orders, alerts };
}

// What would sell out in the middle of a run would cancel orders that the stories count on.
const plenty = 10_000;

async function plentifulProducts(client: ShopClient): Promise<readonly Product[]> {
  const products = await client.products();
  const units = await inParallel(products, 8, ({ sku }) => client.availableUnits(sku));
  return products.filter((_product, index) => (units[index] ?? plenty) >= plenty);
}

interface Buyer {
  readonly customerId: string;
  readonly paymentMethodId: string;
}

function registerCards(client: ShopClient, plan: TrafficPlan, seed: string): Promise<Buyer[]> {
  return inParallel(plan.cards, 8, async (planned, index) => {
    const { customerId } = planned;
    if (planned.kind === "seeded") return { customerId, paymentMethodId: planned.paymentMethodId };
    const key = `traffic-card-${seed}-${planned.card.number.slice(-4)}-${index}-${Date.now()}`;
    return {
      customerId,
      paymentMethodId: await client.registerCard(customerId, planned.card, key),
    };
  });
}

async function startTail(
  options: TrafficOptions,
  terminal: Terminal,
): Promise<AlertTail | undefined> {
  if (!options.watchAlerts) return undefined;
  try {
    const { kafkaBrokers: brokers, schemaRegistryUrl: registryUrl } = options;
    return await watchAlerts({ brokers, registryUrl });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    terminal.write(`The alerts cannot be watched (${reason}); going on without.\n`);
    return undefined;
  }
}

function count(progress: Progress, { orderId }: Placement): void {
  progress.sent += 1;
  if (orderId !== null) progress.accepted += 1;
}
