import type { Events } from "@holdfast/contracts";
import { buildEvent, jsonCodec } from "@holdfast/testkit";
import { type Broker, partitions } from "../bus/broker.ts";
import type { OrderScript } from "../scenario.ts";
import { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";

type Request = Events["PaymentRequested"];

const decided = buildEvent("FraudDecided", { rules: [], reasons: ["SCRIPTED"] });

/** The fingerprint of the card that pays the nth order of a scenario. */
export function fingerprintOf(order: number): string {
  return `fp_v1_${order}`;
}

/** Decides as the scenario has it: what, and when, or never. The same record gives the same decision. */
export function startScorer(options: {
  readonly scheduler: Scheduler;
  readonly broker: Broker;
  readonly orders: readonly OrderScript[];
}): void {
  const { scheduler, broker, orders } = options;
  const scripts = new Map(orders.map((order, at) => [fingerprintOf(at), order]));
  const process = new SimulatedProcess(scheduler, { name: "fraud-scoring" });
  const readPartition = async (partition: number): Promise<void> => {
    const place = { topic: "card-activity", partition } as const;
    for (let position = 0; ; position += 1) {
      const { headers, value, offset } = await broker.read(process, place, position);
      if (headers["eventType"] !== "PaymentRequested" || value === null) continue;
      const request = jsonCodec.decode(value).event as Request;
      const script = scripts.get(request.cardFingerprint);
      if (script === undefined || script.verdictAfterMs === null) continue;
      const decisionId = decisionIdOf(headers["id"] ?? "");
      const { paymentId, orderId, customerId, cardFingerprint, occurredAt } = request;
      const about = { paymentId, orderId, customerId, cardFingerprint, occurredAt };
      const event = {
        ...decided,
        ...about,
        decisionId,
        eventId: headers["id"] ?? "",
        outcome: script.verdict,
        inputPartition: partition,
        inputOffset: Number(offset),
      };
      scheduler.later(script.verdictAfterMs, () => {
        broker.append({
          topic: "fraud-decisions",
          key: customerId,
          value: jsonCodec.encode("fraud-decisions", "FraudDecided", event),
          headers: { id: decisionId, eventType: "FraudDecided" },
        });
      });
    }
  };
  for (let partition = 0; partition < partitions; partition += 1) void readPartition(partition);
}

/** Another id for each request's, the same every time. */
function decisionIdOf(eventId: string): string {
  return `d${eventId.slice(1)}`;
}
