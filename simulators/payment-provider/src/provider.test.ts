import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Operation } from "./books.ts";
import { failuresSchema } from "./failures.ts";
import { type Answer, type JournalEntry, openJournal } from "./journal.ts";
import { openProvider, type Provider, type Result } from "./provider.ts";

let folder: string;
let journalFile: string;
let provider: Provider;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "provider-"));
  journalFile = join(folder, "journal.jsonl");
  provider = await openProvider(journalFile);
});
afterEach(async () => {
  await provider.close();
  await rm(folder, { recursive: true });
});

const authorize: Operation = {
  kind: "authorize",
  amountMinor: 500,
  currency: "USD",
  last4: "4242",
};

function carryOut(key: string, operation: Operation): Promise<Result> {
  return provider.carryOut({
    key,
    operation,
    reference: "order-1",
    content: JSON.stringify(operation),
  });
}

async function answered(key: string, operation: Operation): Promise<Answer> {
  const result = await carryOut(key, operation);
  if (result.kind !== "answered") throw new Error(`expected an answer, got ${result.kind}`);
  return result.answer;
}

async function authorized(): Promise<string> {
  return (await answered("authorize", authorize)).authorizationId ?? "";
}

async function restart(): Promise<void> {
  await provider.close();
  provider = await openProvider(journalFile);
}

async function entries(): Promise<JournalEntry[]> {
  const text = await readFile(journalFile, "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalEntry);
}

test("the same key gives the same answer, also at once and after a restart", async () => {
  const answers = await Promise.all([1, 2, 3].map(() => answered("k", authorize)));
  await restart();
  answers.push(await answered("k", authorize));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await entries()).toHaveLength(1);
});

test("another request under the same key is refused and not carried out", async () => {
  await answered("k", authorize);
  expect(await carryOut("k", { ...authorize, amountMinor: 501 })).toEqual({ kind: "key_reused" });
  expect(await entries()).toHaveLength(1);
});

test("an authorisation is captured once and refunded no further than that", async () => {
  const authorizationId = await authorized();
  const codes = [
    await answered("c1", { kind: "capture", authorizationId }),
    await answered("c2", { kind: "capture", authorizationId }),
    await answered("v1", { kind: "void", authorizationId }),
    await answered("r1", { kind: "refund", authorizationId, amountMinor: 400 }),
    await answered("r2", { kind: "refund", authorizationId, amountMinor: 101 }),
    await answered("r3", { kind: "refund", authorizationId, amountMinor: 100 }),
  ].map(({ code }) => code);
  expect(codes).toEqual([
    null,
    "authorization_captured",
    "authorization_captured",
    null,
    "refund_exceeds_capture",
    null,
  ]);
});

test("a capture costs a fee, and nothing else does", async () => {
  const authorizationId = await authorized();
  expect(await answered("c1", { kind: "capture", authorizationId })).toMatchObject({ feeMinor: 7 });
  expect(await answered("r1", { kind: "refund", authorizationId, amountMinor: 500 })).toMatchObject(
    { feeMinor: 0 },
  );
});

test("a voided authorisation cannot be captured, also after a restart", async () => {
  const authorizationId = await authorized();
  await answered("v", { kind: "void", authorizationId });
  await restart();
  expect(await answered("c", { kind: "capture", authorizationId })).toMatchObject({
    outcome: "refused",
    code: "authorization_voided",
  });
});

test("an authorisation that nobody has granted is unknown", async () => {
  expect(await answered("c", { kind: "capture", authorizationId: "auth_x" })).toMatchObject({
    code: "authorization_unknown",
  });
});

describe("failure modes", () => {
  const set = (modes: object): void => provider.setFailures(failuresSchema.parse(modes));

  test.each([
    [{ refuseLast4: ["4242"] }, "card_declined"],
    [{ refuseAmountsMinor: [500] }, "insufficient_funds"],
    [{ refuseAboveMinor: 499 }, "insufficient_funds"],
    [{ refuseAboveMinor: 500 }, null],
  ])("%j", async (modes, code) => {
    set(modes);
    expect((await answered("k", authorize)).code).toBe(code);
  });

  test("an error happens before anything else does", async () => {
    set({ errorRate: 1 });
    expect(await carryOut("k", authorize)).toEqual({ kind: "unavailable" });
    expect(await provider.query("k")).toBeUndefined();
  });

  test("a time-out after success is found by its key", async () => {
    set({ timeoutAfterSuccessRate: 1 });
    expect(await carryOut("k", authorize)).toEqual({ kind: "silent" });
    expect(await provider.query("k")).toMatchObject({ outcome: "succeeded", amountMinor: 500 });
  });

  test("the same seed draws the same failures", async () => {
    const draw = async (prefix: string) => {
      set({ errorRate: 0.5, seed: 7 });
      const kinds: string[] = [];
      for (let n = 0; n < 20; n += 1) kinds.push((await carryOut(`${prefix}${n}`, authorize)).kind);
      return kinds;
    };
    expect(await draw("a")).toEqual(await draw("b"));
  });
});

describe("the journal", () => {
  const entry = (sequence: number) => ({ sequence, key: `k${sequence}` }) as JournalEntry;

  test("forgets a line that a crash cut short and goes on behind the last whole one", async () => {
    await answered("k1", authorize);
    await provider.close();
    await appendFile(journalFile, '{"sequence":2,"key":"k2","operat');
    provider = await openProvider(journalFile);
    expect(await provider.query("k2")).toBeUndefined();
    await answered("k3", authorize);
    expect((await entries()).map(({ key }) => key)).toEqual(["k1", "k3"]);
  });

  test("is on disk, whole and in order, when an append resolves, however many wait", async () => {
    const journal = await openJournal(join(folder, "many.jsonl"), () => undefined);
    const sequences = Array.from({ length: 200 }, (_, index) => index);
    await Promise.all(
      sequences.map(async (sequence) => {
        await journal.append(entry(sequence));
        const text = await readFile(join(folder, "many.jsonl"), "utf8");
        expect(text).toContain(`"k${sequence}"`);
      }),
    );
    await journal.close();
    const replayed: number[] = [];
    const again = await openJournal(join(folder, "many.jsonl"), (line) =>
      replayed.push(line.sequence),
    );
    await again.close();
    expect(replayed).toEqual(sequences);
  });
});
