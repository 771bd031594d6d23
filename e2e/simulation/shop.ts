import type { Caller } from "@holdfast/service-kit";
import type {
  AcknowledgedFact,
  ReadFact,
  SurpriseFact,
} from "../../packages/testkit/src/invariants/facts.ts";
import { type OrderScript, products, type Wish } from "./scenario.ts";
import type { Deployment } from "./services/deployment.ts";
import type { SimulatedProcess } from "./world/process.ts";
import type { Scheduler } from "./world/scheduler.ts";

/** A request as a client makes it. */
interface Request {
  readonly path: string;
  readonly method: "get" | "post";
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const patienceMs = 5_000;
const maxAttempts = 200;
const looks = 4;
const customer: Caller = { name: "shop", scopes: ["customer"], customerId: "*" };
const analyst: Caller = { name: "ann", scopes: ["analyst"], customerId: null };

/** Customers and analysts: what they ask for, what they were told, and whether that was their due. */
export class Shop {
  readonly acknowledged: AcknowledgedFact[] = [];
  readonly reads: ReadFact[] = [];
  readonly surprises: SurpriseFact[] = [];
  readonly #scheduler: Scheduler;
  readonly #process: SimulatedProcess;
  readonly #order: Deployment;
  readonly #payment: Deployment;
  #busy = 0;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly process: SimulatedProcess;
    readonly order: Deployment;
    readonly payment: Deployment;
  }) {
    this.#scheduler = options.scheduler;
    this.#process = options.process;
    this.#order = options.order;
    this.#payment = options.payment;
  }

  /** True when nobody waits for anything any more. */
  get idle(): boolean {
    return this.#busy === 0;
  }

  /** Plays the story of the nth order. */
  play(script: OrderScript, index: number): void {
    this.#begin(async () => {
      await this.#process.pause(script.atMs);
      if (script.twice) this.#begin(async () => void (await this.#place(script, index)));
      const orderId = await this.#place(script, index);
      if (orderId === undefined) return;
      for (const [nth, wish] of script.wishes.entries()) {
        this.#begin(() => this.#wish(wish, { orderId, nth, script }));
      }
      await this.#watch(orderId);
    });
  }

  /** Looks at an order now and then, one look after another. */
  async #watch(orderId: string): Promise<void> {
    for (let look = 0; look < looks; look += 1) {
      await this.#read(orderId);
      await this.#process.pause(this.#scheduler.random() * 3_000);
    }
  }

  #begin(story: () => Promise<void>): void {
    this.#busy += 1;
    void story().then(() => {
      this.#busy -= 1;
    });
  }

  async #place(script: OrderScript, index: number): Promise<string | undefined> {
    const key = `order-${index}`;
    const body = {
      customerId: `customer-${script.customer}`,
      paymentMethodId: `pm_${index}`,
      currency: "USD",
      items: [{ sku: products[script.sku]?.sku, quantity: script.quantity }],
    };
    const request = { method: "post", path: "/orders", body, idempotencyKey: key } as const;
    const answer = await this.#insist(this.#order, request, { caller: customer, expected: [202] });
    if (answer?.status !== 202) return undefined;
    const { orderId } = answer.body as { orderId: string };
    this.acknowledged.push({ orderId, key, atMs: this.#scheduler.nowMs });
    return orderId;
  }

  async #wish(
    { kind, afterMs }: Wish,
    about: { orderId: string; nth: number; script: OrderScript },
  ): Promise<void> {
    const { orderId, nth, script } = about;
    await this.#process.pause(afterMs);
    if (kind === "cancel") {
      const path = "/orders/:orderId/cancel";
      const request = { method: "post", path, params: { orderId } } as const;
      await this.#insist(this.#order, request, { caller: customer, expected: [200, 409] });
      return;
    }
    const paymentId = this.#payment.engine
      .committed("payments")
      .find((row) => row["order_id"] === orderId)?.["payment_id"];
    if (paymentId === undefined) return;
    const idempotencyKey = `${kind}-${nth}-${orderId}`;
    const params = { paymentId: String(paymentId) };
    const body =
      kind === "refund"
        ? { amountMinor: refundMinor(script, nth), reason: "broken" }
        : { decision: kind, reason: "looked at" };
    const path = kind === "refund" ? "/payments/:paymentId/refunds" : "/payments/:paymentId/review";
    const request = { method: "post", path, params, body, idempotencyKey } as const;
    const expected = kind === "refund" ? [202, 409, 422] : [200, 409];
    await this.#insist(this.#payment, request, { caller: analyst, expected });
  }

  async #read(orderId: string): Promise<void> {
    const request = { method: "get", path: "/orders/:orderId", params: { orderId } } as const;
    const answer = await this.#ask(this.#order, request, customer);
    if (answer?.status !== 200 && answer?.status !== 404) return;
    const status = answer.status === 404 ? null : (answer.body as { status: string }).status;
    this.reads.push({ orderId, status, atMs: this.#scheduler.nowMs });
  }

  /** Asks again, under the same key, until there is an answer that is not the network's or a 5xx. */
  async #insist(
    deployment: Deployment,
    request: Request,
    { caller, expected }: { caller: Caller; expected: readonly number[] },
  ): Promise<Answer | undefined> {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const answer = await this.#ask(deployment, request, caller);
      if (answer !== undefined && expected.includes(answer.status)) return answer;
      if (answer !== undefined && !isTemporary(answer)) {
        const what = `${request.method} ${request.path}: ${JSON.stringify(answer.body)}`;
        this.surprises.push({ what, status: answer.status, expected });
        return answer;
      }
      await this.#process.pause(100 + this.#scheduler.random() * 900);
    }
    return undefined;
  }

  /** One request; undefined when no answer came. The request may have been carried out all the same. */
  async #ask(
    deployment: Deployment,
    request: Request,
    caller: Caller,
  ): Promise<Answer | undefined> {
    await this.#process.turn();
    const instance = deployment.current;
    const { path, method } = request;
    const route = instance?.routes.find((one) => one.path === path && one.method === method);
    if (instance === undefined || route === undefined) return undefined;
    const raw = {
      params: request.params ?? {},
      query: {},
      headers: {},
      body: request.body,
      caller,
      method,
      route: path,
      path: pathOf(request),
      idempotencyKey: request.idempotencyKey,
      lastEventId: undefined,
      signal: instance.process.lost.signal,
    };
    const answered = route.run(raw).then(
      ({ status, body, rawBody }) => ({ status, body: body ?? parsed(rawBody) }),
      (error: unknown) => problemOf(error),
    );
    return Promise.race([answered, this.#process.pause(patienceMs).then(() => undefined)]);
  }
}

/** The running twin of a request under the same key, and trouble that passes. */
function isTemporary({ status, body }: Answer): boolean {
  const running = (body as { code?: string } | undefined)?.code === "idempotency_key_in_use";
  return status === 503 || running;
}

function refundMinor({ sku, quantity }: OrderScript, nth: number): number {
  const totalMinor = (products[sku]?.unitPriceMinor ?? 0) * quantity;
  return nth === 0 ? totalMinor : Math.ceil(totalMinor / 2);
}

function pathOf({ path, params = {} }: Request): string {
  return path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? "");
}

function parsed(rawBody: Buffer | undefined): unknown {
  return rawBody === undefined || rawBody.length === 0 ? null : JSON.parse(rawBody.toString());
}

function problemOf(error: unknown): Answer {
  const problem = (error as { problem?: { status: number } }).problem;
  return { status: problem?.status ?? 500, body: problem ?? String((error as Error).stack) };
}
