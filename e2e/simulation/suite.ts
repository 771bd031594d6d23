import { createSequentialIds } from "@holdfast/testkit";
import type { Bug } from "./bug.ts";
import { Broker } from "./bus/broker.ts";
import { Connector } from "./bus/connector.ts";
import type { DeadLetter } from "./bus/consumer.ts";
import { Engine, type Row } from "./postgres/engine.ts";
import { inventoryStatements } from "./postgres/inventory-statements.ts";
import { orderStatements } from "./postgres/order-statements.ts";
import {
  idempotencyStatements,
  outboxStatements,
  workQueueStatements,
} from "./postgres/outbox-statements.ts";
import { paymentStatements } from "./postgres/payment-statements.ts";
import type { StatementTable } from "./postgres/statement-table.ts";
import {
  customers,
  openMs,
  products,
  type Scenario,
  type ServiceName,
  type Strike,
  serviceNames,
} from "./scenario.ts";
import { Deployment } from "./services/deployment.ts";
import { startInventory } from "./services/inventory.ts";
import { startOrder } from "./services/order.ts";
import type { Ground, Part } from "./services/part.ts";
import { startPayment } from "./services/payment.ts";
import { SimulatedProvider } from "./services/provider.ts";
import { fingerprintOf, startScorer } from "./services/scorer.ts";
import { Shop } from "./shop.ts";
import { SimulatedProcess } from "./world/process.ts";
import { Scheduler } from "./world/scheduler.ts";

const packageStatements = { ...outboxStatements, ...idempotencyStatements, ...workQueueStatements };

/** What the memory knows of each service's statements. */
export const statements: Readonly<Record<ServiceName, StatementTable>> = {
  order: { ...packageStatements, ...orderStatements },
  payment: { ...packageStatements, ...paymentStatements },
  inventory: { ...packageStatements, ...inventoryStatements },
};

/** The whole shop in one process: services, databases, log, provider, scorer and customers. */
export class Suite {
  readonly scheduler: Scheduler;
  readonly broker: Broker;
  readonly provider: SimulatedProvider;
  readonly shop: Shop;
  readonly deadLetters: DeadLetter[] = [];
  readonly deployments: Readonly<Record<ServiceName, Deployment>>;
  readonly #scenario: Scenario;
  readonly #connectors: Readonly<Record<ServiceName, Connector>>;
  readonly #weather: Scenario["weather"];

  constructor(scenario: Scenario, bug: Bug) {
    this.#scenario = scenario;
    this.scheduler = new Scheduler(scenario.seed);
    const { scheduler } = this;
    this.broker = new Broker(scheduler);
    const weather = { ...scenario.weather };
    this.#weather = weather;
    this.provider = new SimulatedProvider(scheduler, weather);
    this.deployments = this.#deploy(weather, bug);
    const { order, payment } = this.deployments;
    this.#connectors = byService((name) => {
      const { engine } = this.deployments[name];
      return new Connector({ scheduler, broker: this.broker, engine });
    });
    startScorer({ scheduler, broker: this.broker, orders: scenario.orders });
    const process = new SimulatedProcess(scheduler, { name: "shop" });
    this.shop = new Shop({ scheduler, process, order, payment });
    for (const [index, script] of scenario.orders.entries()) this.shop.play(script, index);
    for (const strike of scenario.strikes) {
      scheduler.later(strike.atMs, () => this.#strike(strike));
    }
    scheduler.later(openMs, () => this.#clearUp());
  }

  /** True when everything that was owed has been done. */
  isAtRest(untilMs: number): boolean {
    if (!this.shop.idle) return false;
    return serviceNames.every((name) => {
      const { current, engine } = this.deployments[name];
      const owed = engine
        .committed("work_queue")
        .some((task) => Number(task["nextAttemptAt"]) < untilMs);
      const up = current !== undefined && !current.process.stopped;
      return up && !owed && this.#connectors[name].caughtUp && this.#hasReadAll(name);
    });
  }

  close(): void {
    for (const name of serviceNames) this.deployments[name].close();
  }

  #hasReadAll(name: ServiceName): boolean {
    const topics = this.deployments[name].current?.consumes.map(({ topic }) => topic) ?? [];
    return this.broker.places(topics).every((place) => {
      return this.broker.committed(name, place) >= this.broker.log(place).length;
    });
  }

  #deploy(weather: Scenario["weather"], bug: Bug): Readonly<Record<ServiceName, Deployment>> {
    const { scheduler, broker, deadLetters } = this;
    const ids = createSequentialIds();
    const starts: Readonly<Record<ServiceName, (g: Ground, p: SimulatedProcess) => Part>> = {
      order: (ground) => startOrder(ground, { find: async (id) => this.#ownerOf(id) }),
      payment: (ground, process) => {
        const { holdExpiryMs, ...settings } = this.#scenario.settings;
        const policy = { ...patience, holdExpiryMs };
        const provider = this.provider.reachedBy(process);
        const reached = bug.provider?.(provider) ?? provider;
        return startPayment(ground, reached, { ...settings, policy });
      },
      inventory: (ground) => startInventory(ground, this.#scenario.settings.reservationExpiryMs),
    };
    return byService((name) => {
      const engine = new Engine(scheduler);
      seed(engine, name, this.#scenario);
      return new Deployment({
        scheduler,
        name,
        engine,
        statements: statements[name],
        bug,
        faults: weather,
        broker,
        ids,
        clockSkewMs: weather.clockSkewMs,
        deadLetters,
        start: starts[name],
      });
    });
  }

  #ownerOf(paymentMethodId: string) {
    if (this.deployments.payment.current === undefined) return { found: "unavailable" } as const;
    const script = this.#scenario.orders[Number(paymentMethodId.slice("pm_".length))];
    return { found: "known", customerId: `customer-${script?.customer}` } as const;
  }

  #strike({ kind, service, lastsMs }: Strike): void {
    const deployment = this.deployments[service];
    switch (kind) {
      case "kill":
        deployment.kill(lastsMs);
        break;
      case "stop":
        deployment.stop(lastsMs);
        break;
      case "connector-falls-back":
        this.#connectors[service].fallBack(1 + (lastsMs % 20), lastsMs);
        break;
      case "slot-lost":
        this.#connectors[service].loseSlot(lastsMs);
        break;
      case "postgres-restarts":
        deployment.engine.crash(lastsMs);
        break;
      case "topic-replayed":
        this.#replay(deployment, lastsMs);
        break;
    }
  }

  /** An operator resets a group's offsets to the beginning. */
  #replay(deployment: Deployment, awayMs: number): void {
    const topics = deployment.current?.consumes.map(({ topic }) => topic) ?? [];
    deployment.kill(awayMs);
    for (const place of this.broker.places(topics)) this.broker.commit(deployment.name, place, 0);
  }

  #clearUp(): void {
    Object.assign(this.#weather, fairWeather);
  }
}

const patience = { decisionTimeoutMs: 2_000, decisionLimitMs: 8_000, fallbackMaxMinor: 5_000 };

const fairWeather = {
  lostRequests: 0,
  lostAnswers: 0,
  errorRate: 0,
  silenceRate: 0,
  refusalRate: 0,
};

function byService<T>(make: (name: ServiceName) => T): Readonly<Record<ServiceName, T>> {
  return { order: make("order"), payment: make("payment"), inventory: make("inventory") };
}

function seed(engine: Engine, name: ServiceName, { orders }: Scenario): void {
  const rows = (entries: readonly (readonly [string, Row])[]) => new Map(entries);
  if (name === "order") {
    const ids = Array.from({ length: customers }, (_, n) => `customer-${n}`);
    engine.seed("customers", rows(ids.map((customerId) => [customerId, { customerId }])));
    const facts = { name: "A thing", merchantId: "merchant-1", currency: "USD" };
    engine.seed("products", rows(products.map((one) => [one.sku, { ...one, ...facts }])));
  }
  if (name === "inventory") {
    const counts = products.map(({ sku, onHand }) => ({ sku, onHand, reserved: 0 }));
    engine.seed("stock", rows(counts.map((one) => [one.sku, one])));
  }
  if (name === "payment") {
    const methods = orders.map(({ customer }, index) => ({
      paymentMethodId: `pm_${index}`,
      customerId: `customer-${customer}`,
      cardFingerprint: fingerprintOf(index),
      brand: "visa",
      first6: "400000",
      last4: String(index).padStart(4, "0"),
      expMonth: 12,
      expYear: 2040,
    }));
    engine.seed("payment_methods", rows(methods.map((one) => [one.paymentMethodId, one])));
  }
}
