import type { FraudAlertRaised, FraudDecided } from "@holdfast/contracts";
import type { DecodedEvent, IncomingRecord } from "@holdfast/messaging";

/** A record together with what it says. */
export interface ReadEvent {
  readonly record: Pick<IncomingRecord, "topic" | "partition" | "offset" | "key" | "headers">;
  readonly decoded: DecodedEvent;
}

/** What one verdict rests on, all of it from the log. */
export interface Lineage {
  readonly decision: FraudDecided;
  readonly decisionEvent: ReadEvent;
  /** The record that was scored; undefined when retention has removed it. */
  readonly input: ReadEvent | undefined;
  /** The rule pack that was in force. */
  readonly ruleset: ReadEvent | undefined;
  /** What was on the log of that card before, oldest first: its state is a function of it. */
  readonly state: readonly ReadEvent[];
  readonly alerts: readonly { readonly alert: FraudAlertRaised; readonly event: ReadEvent }[];
}

const keyOf = ({ record }: ReadEvent): string => record.key?.toString("utf8") ?? "";

/** The lineage of a decision out of the records of its three topics; undefined when it is not there. */
export function lineageOf(decisionId: string, events: readonly ReadEvent[]): Lineage | undefined {
  for (const decisionEvent of events) {
    const { type, event: decision } = decisionEvent.decoded;
    if (type !== "FraudDecided" || decision.decisionId !== decisionId) continue;
    const { inputTopic, inputPartition, inputOffset, cardFingerprint } = decision;
    const before = events.filter(
      ({ record: { topic, partition, offset } }) =>
        topic === inputTopic && partition === inputPartition && Number(offset) <= inputOffset,
    );
    const input = before.find(({ record }) => Number(record.offset) === inputOffset);
    return {
      decision,
      decisionEvent,
      input,
      ruleset: before.findLast(
        ({ decoded }) =>
          decoded.type === "RulesetActivated" &&
          decoded.event.generation === decision.rulesetGeneration,
      ),
      state: before.filter((event) => event !== input && keyOf(event) === cardFingerprint),
      alerts: alertsOf(decisionId, events),
    };
  }
  return undefined;
}

function alertsOf(decisionId: string, events: readonly ReadEvent[]): Lineage["alerts"] {
  return events.flatMap((event) => {
    const { decoded } = event;
    if (decoded.type !== "FraudAlertRaised" || decoded.event.decisionId !== decisionId) return [];
    return [{ alert: decoded.event, event }];
  });
}

/** Where a record lies, what it is, when it happened, the schema that it was written with, and its event id. */
function line({ record, decoded }: ReadEvent): string {
  const position = `${record.topic}/${record.partition}/${record.offset}`;
  const id = record.headers["id"] ?? "";
  const { occurredAt } = decoded.event as { readonly occurredAt?: number };
  const time = occurredAt === undefined ? "" : new Date(occurredAt).toISOString();
  return `${position.padEnd(26)} ${decoded.type.padEnd(17)} ${time.padEnd(24)} schema ${decoded.schemaId}  ${id}`;
}

/** The newest events of a card that are listed; what is part of a match is listed in any case. */
const mostState = 20;

function stateLines({ state, alerts }: Lineage): string[] {
  const used = new Set(alerts.flatMap(({ alert }) => alert.eventIds));
  const isUsed = ({ record }: ReadEvent) => used.has(record.headers["id"] ?? "");
  const listed = state.filter((event, index) => isUsed(event) || index >= state.length - mostState);
  const left = state.length - listed.length;
  return [
    `state     ${state.length} earlier events of the card` +
      (left > 0 ? `, ${left} older ones not listed` : "") +
      (listed.some(isUsed) ? "; * is part of a match" : ""),
    ...listed.map((event) => `        ${isUsed(event) ? "*" : " "} ${line(event)}`),
  ];
}

const hitsFirst = (rules: Lineage["decision"]["rules"]) =>
  [...rules].sort((a, b) => Number(b.result === "HIT") - Number(a.result === "HIT"));

/** A lineage for a person: the verdict, then what it came from, down to positions on the log. */
export function renderLineage(lineage: Lineage): string[] {
  const { decision, decisionEvent, input, ruleset, alerts } = lineage;
  const { outcome, score, rulesetGeneration, engineVersion, paymentId, orderId } = decision;
  const trace = decisionEvent.record.headers["traceparent"]?.split("-")[1];
  return [
    `${outcome}, score ${score}: payment ${paymentId}, order ${orderId ?? "none"}`,
    ...(trace === undefined ? [] : [`trace     ${trace}`]),
    `decision  ${line(decisionEvent)}`,
    `input     ${input === undefined ? "no longer on the log" : line(input)}`,
    `rules     generation ${rulesetGeneration}, engine ${engineVersion}`,
    `          ${ruleset === undefined ? "no longer on the log" : line(ruleset)}`,
    ...hitsFirst(decision.rules).map(
      ({ ruleId, ruleVersion, mode, result, values }) =>
        `          ${`${ruleId} v${ruleVersion}`.padEnd(28)} ${mode.toLowerCase().padEnd(6)} ` +
        `${result.toLowerCase().padEnd(6)} ${values.map(({ name, value }) => `${name} = ${value}`).join(", ")}`,
    ),
    ...stateLines(lineage),
    ...alerts.map(
      ({ alert, event }) => `alert     ${line(event)} ${alert.ruleId}: ${alert.sentence}`,
    ),
  ];
}
