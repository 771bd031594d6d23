import { startStack, testStack, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createPaymentStream } from "./testing/payment-stream.ts";
import { useScorerSuite } from "./testing/scorer-suite.ts";

// Servers of its own, because they are taken down.
const started = await startStack({
  name: "scorer-restarts",
  only: ["postgres", "kafka", "registry"],
});
process.env["HOLDFAST_TEST_STACK"] = started.runFile;
const { control } = testStack();
const suite = useScorerSuite("restarts");
const payments = createPaymentStream(suite);
afterAll(() => started.stop(), 60_000);

beforeAll(async () => {
  await suite.activate();
}, 60_000);

test.each([
  { part: "postgres", signal: "SIGTERM" },
  { part: "postgres", signal: "SIGKILL" },
  { part: "kafka", signal: "SIGTERM" },
  { part: "kafka", signal: "SIGKILL" },
] as const)(
  "$part ended by $signal in mid-batch costs no decision and contradicts none",
  async ({ part, signal }) => {
    const scorer = await suite.start({ SCORER_MAX_BATCH_RECORDS: "50" });
    const before = await payments.decided();
    await payments.send(3_000);
    const isInMidWork = async () => (await payments.decided()) > before + 300;
    await waitFor(isInMidWork, { limitMs: 60_000, what: "some decisions" });
    await control.stop(part, signal);
    await control.start(part);
    await payments.send(500);
    await suite.settled(120_000);
    const found = await suite.verify();
    expect(found.differences.slice(0, 3)).toEqual([]);
    expect(found.compared.decisions).toBe(payments.sent);
    expect(scorer.child.exitCode).toBeNull();
    await scorer.end("SIGTERM");
  },
  240_000,
);
