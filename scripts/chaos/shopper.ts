import type { Suite } from "../command/suite.ts";
import type { History } from "./history.ts";
import {
  type Answer,
  type Call,
  call,
  callUntilAnswered,
  isStillRunning,
  memberOf,
  textOf,
} from "./http.ts";
import { placing, readOrder } from "./orders.ts";
import type { Action, Line, OrderAction, OtherAction } from "./plan.ts";
import type { CardOnFile, Shelf } from "./shelf.ts";

/** What became of a request to place an order. */
export interface Placement {
  /** Performance time of the first attempt. */
  readonly sentAtMs: number;
  /** Whether the very first attempt was accepted. */
  readonly atOnce: boolean;
  readonly accepted: boolean;
  readonly tookMs: number;
}

export interface ShopperOptions {
  readonly suite: Suite;
  readonly shelf: Shelf;
  readonly cards: readonly CardOnFile[];
  readonly history: History;
  /** How long anybody tries again before giving up. */
  readonly patienceMs: number;
}

/** Orders are chosen among the newest, because the old ones have ended. */
const newest = 40;

/** Customers, analysts and a warehouse: carries out the plan's actions and notes what they saw. */
export class Shopper {
  readonly placements: Placement[] = [];
  readonly #options: ShopperOptions;
  readonly #recent: string[] = [];

  constructor(options: ShopperOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async act(action: Action): Promise<void> {
    switch (action.kind) {
      case "order":
        return this.#order(action);
      case "cancel":
        return this.#cancel(action);
      case "refund":
        return this.#refund(action);
      case "review":
        return this.#review(action);
      case "restock":
        return this.#restock(action);
      case "read":
        return this.#read(action);
    }
  }

  #ask(request: Call): Promise<Answer[]> {
    return callUntilAnswered(request, this.#options.patienceMs);
  }

  #placing(action: OrderAction, items: readonly Line[]): Call {
    const { suite, cards } = this.#options;
    const card = cards[action.card] as CardOnFile;
    return placing(suite, { card, items, key: action.key });
  }

  async #order(action: OrderAction): Promise<void> {
    const { history } = this.#options;
    if (action.twist === "invalid") {
      const answers = await this.#ask(this.#placing(action, []));
      return this.#expect("an order without items", answers.at(-1), [400, 422]);
    }
    const request = this.#placing(action, action.items);
    const sentAtMs = performance.now();
    const [answers] = await Promise.all([
      this.#ask(request),
      action.twist === "twice at once" ? this.#repeat(request, action.key) : undefined,
    ]);
    const accepted = this.#acknowledge(action.key, answers.at(-1));
    const [first] = answers;
    // A twin may be told that the other is being dealt with.
    const atOnce = first !== undefined && (first.status === 202 || isStillRunning(first));
    this.placements.push({ sentAtMs, atOnce, accepted, tookMs: performance.now() - sentAtMs });
    const statuses = answers.map(({ status }) => status);
    const { key, card, items, twist, atMs } = action;
    history.note("order", { key, card, items, twist, atMs, statuses, body: answers.at(-1)?.body });
    if (!accepted) return;
    if (action.twist === "again") await this.#repeat(request, action.key);
    if (action.twist === "other body") await this.#useKeyForAnother(action);
  }

  async #repeat(request: Call, key: string): Promise<void> {
    this.#acknowledge(key, (await this.#ask(request)).at(-1));
  }

  async #useKeyForAnother(action: OrderAction): Promise<void> {
    const other = action.items.map((line) => ({ ...line, quantity: line.quantity + 1 }));
    const answers = await this.#ask(this.#placing(action, other));
    this.#expect("another order under the same key", answers.at(-1), [422]);
  }

  #acknowledge(key: string, answer: Answer | undefined): boolean {
    this.#expect("an order", answer, [202, 409]);
    if (answer?.status !== 202) return false;
    const orderId = textOf(answer.body, "orderId");
    this.#options.history.facts.acknowledged.push({ orderId, key, atMs: Date.now() });
    this.#recent.push(orderId);
    return true;
  }

  /** No answer, and an overloaded or broken suite, are not surprises while things break. */
  #expect(what: string, answer: Answer | undefined, expected: readonly number[]): void {
    const status = answer?.status ?? 0;
    if (expected.includes(status) || status === 0 || status === 503 || status === 502) return;
    this.#options.history.facts.surprises.push({ what, status, expected });
    this.#options.history.note("surprise", { what, status, body: answer?.body });
  }

  #pick(draw: number): string | undefined {
    const from = Math.max(0, this.#recent.length - newest);
    return this.#recent[from + Math.floor(draw * (this.#recent.length - from))];
  }

  async #cancel({ draw }: OtherAction): Promise<void> {
    const orderId = this.#pick(draw);
    if (orderId === undefined) return;
    const { suite, history } = this.#options;
    history.facts.touched.push(orderId);
    const url = `${suite.url("order")}/orders/${orderId}/cancel`;
    const answers = await this.#ask({ method: "POST", url, apiKey: "demo-shop" });
    this.#expect("a cancellation", answers.at(-1), [200, 409]);
    history.note("cancel", { orderId, status: answers.at(-1)?.status });
  }

  async #refund({ draw, key }: OtherAction): Promise<void> {
    const orderId = this.#pick(draw / 2);
    if (orderId === undefined) return;
    const { suite, history } = this.#options;
    const payment = (await this.#payments(`orderId=${orderId}`))[0];
    if (memberOf(payment, "status") !== "captured") return;
    history.facts.touched.push(orderId);
    const total = Number(memberOf(payment, "amountMinor"));
    // Whole, half and too much.
    const amountMinor = [total, Math.ceil(total / 2), total + 1][Math.floor(draw * 1e6) % 3];
    const url = `${suite.url("payment")}/payments/${textOf(payment, "paymentId")}/refunds`;
    const request = { method: "POST", url, apiKey: "demo-analyst", idempotencyKey: key } as const;
    const body = { amountMinor, reason: "returned" };
    const answers = await this.#ask({ ...request, body });
    this.#expect("a refund", answers.at(-1), [202, 409, 422]);
    history.note("refund", { orderId, amountMinor, status: answers.at(-1)?.status });
  }

  /** Two analysts of opposite minds, now and then: only one of them may win. */
  async #review({ draw, key }: OtherAction): Promise<void> {
    const { suite, history } = this.#options;
    const held = await this.#payments("status=held&limit=50");
    const payment = held[Math.floor(draw * held.length)];
    if (payment === undefined) return;
    const orderId = textOf(payment, "orderId");
    history.facts.touched.push(orderId);
    const url = `${suite.url("payment")}/payments/${textOf(payment, "paymentId")}/review`;
    const review = (decision: string) =>
      this.#ask({
        method: "POST",
        url,
        apiKey: "demo-analyst",
        idempotencyKey: `${key}-${decision}`,
        body: { decision, reason: "known customer" },
      });
    const decisions = draw < 0.6 ? ["release"] : draw < 0.8 ? ["decline"] : ["release", "decline"];
    const all = await Promise.all(decisions.map(review));
    const statuses = all.map((answers) => answers.at(-1)?.status ?? 0);
    for (const answers of all) this.#expect("a review", answers.at(-1), [200, 409]);
    if (statuses.filter((status) => status === 200).length > 1) {
      const what = `opposite reviews of ${orderId} both won`;
      history.facts.surprises.push({ what, status: 200, expected: [409] });
    }
    history.note("review", { orderId, decisions, statuses });
  }

  async #payments(query: string): Promise<readonly unknown[]> {
    const url = `${this.#options.suite.url("payment")}/payments?${query}`;
    const { body } = await call({ method: "GET", url, apiKey: "demo-analyst" });
    const payments = memberOf(body, "payments");
    return Array.isArray(payments) ? payments : [];
  }

  async #restock({ draw, key }: OtherAction): Promise<void> {
    const { suite, shelf, history } = this.#options;
    const sku = shelf.scarce[Math.floor(draw * shelf.scarce.length)];
    const answers = await this.#ask({
      method: "POST",
      url: `${suite.url("inventory")}/stock/${sku}/restock`,
      apiKey: "demo-admin",
      idempotencyKey: key,
      body: { quantity: 5, reason: "delivery" },
    });
    this.#expect("a delivery", answers.at(-1), [200]);
    history.note("restock", { sku, status: answers.at(-1)?.status });
  }

  async #read({ draw }: OtherAction): Promise<void> {
    const orderId = this.#pick(draw);
    if (orderId === undefined) return;
    const { suite, history } = this.#options;
    // The read's beginning: what it tells is not older than that.
    const atMs = Date.now();
    const { status, body } = await readOrder(suite, orderId);
    if (status !== 200 && status !== 404) return;
    const told = status === 200 ? textOf(body, "status") : null;
    history.facts.reads.push({ orderId, status: told, atMs });
  }
}
