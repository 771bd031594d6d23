import { waitFor } from "@holdfast/testkit";
import { beforeAll, expect, test } from "@jest/globals";
import { createPaymentStream } from "./testing/payment-stream.ts";
import { type ScorerInstance, useScorerSuite } from "./testing/scorer-suite.ts";

/** `npm run test:full` takes two minutes of it. */
const seconds = Number(process.env["HOLDFAST_KILLING_SECONDS"] ?? 20);
const perSecond = 1_000;
const killEverySeconds = 5;

const suite = useScorerSuite("killing");
const payments = createPaymentStream(suite);

beforeAll(async () => {
  await suite.activate();
}, 60_000);

test(
  `${perSecond} payments a second for ${seconds} s, one of two instances killed every ${killEverySeconds} s`,
  async () => {
    const environment = { SCORER_MAX_BATCH_RECORDS: "200" };
    const instances: ScorerInstance[] = [
      await suite.start(environment),
      await suite.start(environment),
    ];
    await Promise.all(instances.map((instance) => instance.ready()));
    let kills = 0;
    const startedAt = performance.now();
    const elapsedSeconds = () => (performance.now() - startedAt) / 1000;
    const due = () => Math.floor(elapsedSeconds() * perSecond) - payments.sent;
    while (elapsedSeconds() < seconds) {
      await waitFor(() => due() >= perSecond / 10, { limitMs: 10_000 });
      await payments.send(due());
      if (elapsedSeconds() > (kills + 1) * killEverySeconds) {
        await instances[kills % 2]?.end("SIGKILL");
        instances[kills % 2] = await suite.start(environment);
        kills += 1;
      }
    }
    await suite.settled(180_000);
    const found = await suite.verify();
    process.stdout.write(
      `${payments.sent} payments, ${kills} kills: ${JSON.stringify({ ...found, differences: found.differences.length })}\n`,
    );
    expect(found.differences.slice(0, 3)).toEqual([]);
    expect(found.compared.decisions).toBe(payments.sent);
    await Promise.all(instances.map((instance) => instance.end("SIGTERM")));
  },
  (seconds + 300) * 1_000,
);
