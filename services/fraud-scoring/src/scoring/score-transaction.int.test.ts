import { randomUUID } from "node:crypto";
import { waitFor } from "@holdfast/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type ScorerInstance, useScorerSuite } from "../testing/scorer-suite.ts";

const suite = useScorerSuite("score");
let scorer: ScorerInstance;

beforeAll(async () => {
  await suite.activate();
  // Patient: on a busy machine the short answer is tested on its own.
  scorer = await suite.start({ SCORER_ANSWER_TIMEOUT_MS: "20000" });
  await scorer.ready();
}, 120_000);

const transaction = (fields: Record<string, unknown> = {}) => ({
  transactionId: "tx-1",
  customerId: "cust_1",
  cardFingerprint: "fp_own",
  merchantId: "merchant_1",
  amountMinor: 12_500,
  currency: "USD",
  ...fields,
});

interface Asked {
  readonly key?: string | undefined;
  readonly as?: string;
  readonly of?: ScorerInstance;
}

async function score(body: unknown, { key = randomUUID(), as = "demo-shop", of }: Asked = {}) {
  const response = await fetch(`${(of ?? scorer).url}/transactions:score`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${as}`,
      "Content-Type": "application/json",
      ...(key !== "" && { "Idempotency-Key": key }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const answer = JSON.parse(text) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, text, answer };
}

const appended = async () => {
  const ranges = await suite.admin.offsets(suite.topics.activity);
  return [...ranges.values()].reduce((sum, { end }) => sum + Number(end), 0);
};

describe("a transaction that is to be scored at once", () => {
  test("gets its decision as the answer, with every rule's result", async () => {
    const { status, answer, headers } = await score(transaction());
    expect(status).toBe(200);
    expect(answer).toMatchObject({ outcome: "APPROVE", paymentId: "tx-1", rulesetGeneration: 1 });
    expect((answer["rules"] as unknown[]).length).toBeGreaterThan(5);
    expect(headers.get("content-location")).toBe(`/decisions/${answer["decisionId"]}`);
  });

  test("counts in the card's windows like any other payment", async () => {
    const card = { cardFingerprint: "fp_busy" };
    const outcomes: unknown[] = [];
    for (const transactionId of ["a", "b", "c"]) {
      const { answer } = await score(transaction({ ...card, transactionId }));
      outcomes.push(answer["outcome"]);
    }
    expect(outcomes).toEqual(["APPROVE", "APPROVE", "REVIEW"]);
  });

  test("is scored once, however often it is sent under its key", async () => {
    const once = transaction({ cardFingerprint: "fp_once" });
    const key = randomUUID();
    const first = await score(once, { key });
    const before = await appended();
    const again = await score(once, { key });
    expect(again.status).toBe(200);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await appended()).toBe(before);
  });

  test("is refused when its key was used for another one", async () => {
    const key = randomUUID();
    await score(transaction({ cardFingerprint: "fp_reused" }), { key });
    const other = transaction({ cardFingerprint: "fp_reused", amountMinor: 1 });
    expect(await score(other, { key })).toMatchObject({
      status: 422,
      answer: { code: "idempotency_key_reused" },
    });
  });

  test("in another currency needs its amount in the rules' one", async () => {
    const euros = transaction({ currency: "EUR", cardFingerprint: "fp_euro" });
    expect(await score(euros)).toMatchObject({
      status: 422,
      answer: { code: "base_currency_needed" },
    });
    const both = { ...euros, baseAmountMinor: 13_000, baseCurrency: "USD" };
    expect((await score(both)).status).toBe(200);
  });

  test.each([
    { what: "without a key", asked: { key: "" }, expected: 400 },
    { what: "of an analyst", asked: { as: "demo-analyst" }, expected: 403 },
    { what: "of a stranger", asked: { as: "nobody" }, expected: 401 },
    { what: "with a card number", of: { cardFingerprint: "4000000000000002" }, expected: 422 },
    { what: "of nothing", of: { amountMinor: 0 }, expected: 422 },
    { what: "in no currency", of: { currency: "bitcoin" }, expected: 422 },
    { what: "with a field that nobody knows", of: { pan: "x" }, expected: 422 },
    { what: "with half a base amount", of: { baseAmountMinor: 1 }, expected: 422 },
    { what: "of tomorrow", of: { occurredAt: "2100-01-01T00:00:00Z" }, expected: 422 },
    { what: "of long ago", of: { occurredAt: "2001-01-01T00:00:00Z" }, expected: 422 },
  ])("$what is refused, and nothing is appended", async ({ of = {}, asked = {}, expected }) => {
    const before = await appended();
    const { status, answer } = await score(transaction(of), asked);
    expect([status, await appended()]).toEqual([expected, before]);
    expect(answer).toHaveProperty("code");
  });
});

test("without an answer in time it says where the decision will be, and the key gets it later", async () => {
  const hasty = await suite.start({ SCORER_ANSWER_TIMEOUT_MS: "1" });
  await hasty.ready();
  try {
    const late = transaction({ cardFingerprint: "fp_late" });
    let key = "";
    let asked: Awaited<ReturnType<typeof score>> | undefined;
    // A decision may be quicker than the timer of a busy process.
    const isPutOff = async () => {
      key = randomUUID();
      asked = await score(late, { key, of: hasty });
      return asked.status === 202;
    };
    await waitFor(isPutOff, { limitMs: 30_000, everyMs: 50, what: "an answer that comes late" });
    const decisionId = asked?.answer["decisionId"];
    expect(asked?.answer).toMatchObject({ status: "pending" });
    expect(asked?.headers.get("location")).toBe(`/decisions/${decisionId}`);
    await suite.settled();
    const later = await score(late, { key, of: hasty });
    expect(later).toMatchObject({ status: 200, answer: { decisionId } });
  } finally {
    await hasty.end("SIGTERM");
  }
});

test("any process of the group answers for every card", async () => {
  const other = await suite.start({ SCORER_ANSWER_TIMEOUT_MS: "20000" });
  await other.ready();
  const shares = async () => {
    const texts = await Promise.all(
      [scorer, other].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
    );
    return texts.every((text) => /^fraud_partitions_owned\{state="running"\} 3$/m.test(text));
  };
  await waitFor(shares, { limitMs: 60_000, everyMs: 200, what: "the partitions are shared" });
  // A 503 asks the client to come again with the same key; on a busy machine one may get it.
  const persistent = async (index: number) => {
    const body = transaction({
      cardFingerprint: `fp_any_${index}`,
      transactionId: `any-${index}`,
    });
    const asked = { key: `any-${index}`, of: index % 2 === 0 ? scorer : other };
    let answer = await score(body, asked);
    const answered = async () => {
      if (answer.status === 503) answer = await score(body, asked);
      return answer.status !== 503;
    };
    await waitFor(answered, { limitMs: 30_000, everyMs: 1_000, what: "an answer" });
    return answer;
  };
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => persistent(index)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  await other.end("SIGTERM");
}, 120_000);

test("what was scored on request is what the log says", async () => {
  await suite.settled();
  expect((await suite.verify()).differences).toEqual([]);
});
