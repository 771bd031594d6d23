import type { EventServiceName } from "../command/services.ts";
import type { DlqClient, Letter } from "./client.ts";
import { DLQ_HELP, type DlqCommand, serviceOfId } from "./command.ts";

/** What a command works with. */
export interface DlqSurroundings {
  readonly client: DlqClient;
  readonly print: (line: string) => void;
}

/** As many as a service settles in one transaction. */
const BATCH = 100;

/** Carries a command out. Rejects when a service refuses; what was settled before stays settled. */
export async function runDlq(command: DlqCommand, surroundings: DlqSurroundings): Promise<void> {
  const { client, print } = surroundings;
  switch (command.verb) {
    case "help":
      return print(DLQ_HELP);
    case "list":
      return list(command, surroundings);
    case "show":
      return print(JSON.stringify(await client.show(serviceOfId(command.id), command.id), null, 2));
    case "redrive":
    case "discard":
      return settle(command, surroundings);
  }
}

async function list(
  { services, all, limit, json }: Extract<DlqCommand, { verb: "list" }>,
  { client, print }: DlqSurroundings,
): Promise<void> {
  let count = 0;
  for (const service of services) {
    for (const letter of await client.list(service, { all, limit })) {
      print(json ? JSON.stringify(letter) : letterLine(letter));
      count += 1;
    }
  }
  if (!json) print(count === 1 ? "1 dead letter" : `${count} dead letters`);
}

async function settle(
  { verb, ids, service, reason }: Extract<DlqCommand, { verb: "redrive" | "discard" }>,
  { client, print }: DlqSurroundings,
): Promise<void> {
  const wanted = new Map<EventServiceName, string[]>();
  const open =
    service !== undefined && ids === undefined
      ? await client.list(service, { all: false, limit: 1_000 })
      : [];
  for (const id of ids ?? open.map((letter) => letter.id)) {
    const of = serviceOfId(id);
    wanted.set(of, [...(wanted.get(of) ?? []), id]);
  }
  for (const [of, all] of wanted) {
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      await client.settle(of, { verb, ids: batch, reason });
      for (const id of batch) print(`${verb === "redrive" ? "redriven" : "discarded"} ${id}`);
    }
  }
  if (wanted.size === 0) print("Nothing is open");
}

/** One letter on one line. */
export function letterLine(letter: Letter): string {
  const { id, state, eventType, key, errorClass, errorMessage, traceId, firstFailedAt } = letter;
  const said = `${errorClass}: ${errorMessage}`;
  const fields = [firstFailedAt, id, state, eventType ?? "?", `key ${key ?? "none"}`, said];
  return [...fields, `trace ${traceId ?? "none"}`].join("  ");
}
