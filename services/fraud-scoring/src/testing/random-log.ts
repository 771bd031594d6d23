import fc from "fast-check";
import { MemoryLog } from "./memory-partition.ts";

const start = Date.UTC(2026, 0, 1);

/** Appends a barrier with a pack of the test engine. */
export function activated(log: MemoryLog, generation = 1, content = "rules"): void {
  log.append(
    "RulesetActivated",
    { generation, rulesetId: `pack-${generation}`, files: [{ path: "rules.yaml", content }] },
    { id: `barrier-${generation}` },
  );
}

/** A log of payments, labels, time, barriers and noise on few cards, with repeats and disorder. */
export const randomLog = fc
  .array(
    fc.record({
      kind: fc.constantFrom(
        "pay",
        "pay",
        "pay",
        "pay",
        "again",
        "label",
        "time",
        "barrier",
        "noise",
      ),
      card: fc.integer({ min: 0, max: 4 }),
      step: fc.integer({ min: -8_000, max: 40_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    const log = new MemoryLog();
    activated(log);
    let at = start;
    let generation = 1;
    for (const [index, { kind, card, step }] of steps.entries()) {
      at += step;
      const cardFingerprint = `fp_${card}`;
      const id = kind === "again" ? `event-${index - 1}` : `event-${index}`;
      const appendedAt = at + 60_000;
      if (kind === "label") {
        const fields = { cardFingerprint, paymentId: `pay-${card}`, label: "FRAUD" as const };
        log.append("FraudLabelled", { ...fields, occurredAt: at }, { id, appendedAt });
      } else if (kind === "time") {
        log.append("TimeAdvanced", { partition: 0, occurredAt: at }, { id, appendedAt });
      } else if (kind === "barrier") {
        generation += 1;
        activated(log, generation);
      } else if (kind === "noise") {
        log.appendRaw({ key: "fp", value: Buffer.from([1, 2]), appendedAt });
      } else {
        const fields = { cardFingerprint, paymentId: `pay-${card}`, occurredAt: at };
        log.append("PaymentRequested", fields, { id, appendedAt });
      }
    }
    return log;
  });
