import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Answer, JournalEntry } from "./journal.ts";

let folder: string;
let child: ChildProcess;
let url: string;

// Takes a free port at its first start and keeps it.
async function start(): Promise<void> {
  const port = url === undefined ? "0" : new URL(url).port;
  child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    env: { PORT: port, HOST: "127.0.0.1", JOURNAL_FILE: join(folder, "journal.jsonl") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  url = `http://127.0.0.1:${JSON.parse(line.toString()).port}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "provider-"));
  await start();
});
afterAll(async () => {
  child.kill("SIGTERM");
  await once(child, "exit");
  await rm(folder, { recursive: true });
});

const body = {
  amountMinor: 500,
  currency: "USD",
  cardToken: "pm_1",
  last4: "4242",
  reference: "o1",
};

function post(key: string, content: object, path = "/authorizations"): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { "idempotency-key": key },
    body: JSON.stringify(content),
  });
}

async function journal(): Promise<JournalEntry[]> {
  const text = await (await fetch(`${url}/journal`)).text();
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalEntry);
}

test("speaks HTTP: succeeded 201, refused 402, key reused 422, unusable 400, unknown 404", async () => {
  const granted = await post("k1", body);
  const { authorizationId } = (await granted.json()) as Answer;
  const statuses = [
    granted.status,
    (await post("k2", {}, `/authorizations/${authorizationId}/capture`)).status,
    (await post("k3", {}, `/authorizations/${authorizationId}/void`)).status,
    (await post("k1", { ...body, amountMinor: 1 })).status,
    (await post("k4", { ...body, amountMinor: 0 })).status,
    (await post("k5", { ...body, number: "4242" })).status,
    (await post("k6", {}, "/authorizations/%E0/capture")).status,
    (await fetch(`${url}/operations/k1`)).status,
    (await fetch(`${url}/operations/nothing`)).status,
    (await fetch(`${url}/livez`)).status,
  ];
  expect(statuses).toEqual([201, 201, 402, 422, 400, 400, 400, 200, 404, 200]);
});

test("what was answered outlives kill -9", async () => {
  const answered: Answer[] = [];
  const requests = Array.from({ length: 200 }, async (_, index) => {
    const response = await post(`crash-${index}`, body);
    answered.push((await response.json()) as Answer);
    if (answered.length === 50) child.kill("SIGKILL");
  });
  await Promise.allSettled(requests);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  await start();
  const kept = new Set((await journal()).map(({ operationId }) => operationId));
  expect(answered.length).toBeGreaterThanOrEqual(50);
  expect(answered.filter(({ operationId }) => !kept.has(operationId))).toEqual([]);
});
