import { join } from "node:path";
import { schemas } from "@holdfast/contracts";
import { spanAttributes } from "@holdfast/telemetry";
import type { StoredSpan } from "@holdfast/telemetry/trace-store";
import { describe, expect, test } from "@jest/globals";
import { keptBy, readPolicies } from "./tail-sampling.ts";

const policies = readPolicies(join(import.meta.dirname, "../.."));

const span = (parts: Partial<StoredSpan> = {}): StoredSpan => ({
  traceId: "t",
  spanId: "s",
  parentId: undefined,
  service: "order",
  name: "POST /orders",
  startMs: 0,
  durationMs: 10,
  attributes: {},
  failed: false,
  links: [],
  ...parts,
});

const attribute = (name: string, value: string) => span({ attributes: { [name]: value } });

describe("the collector", () => {
  test.each([
    ["errors", span({ failed: true })],
    ["holds and refusals", attribute("holdfast.outcome", "REVIEW")],
    ["holds and refusals", attribute("holdfast.outcome", "DECLINE")],
    [
      "money and orders that do not go the straight way",
      attribute("holdfast.event_type", "PaymentVoided"),
    ],
    ["verdicts by policy", attribute("holdfast.verdict_source", "FALLBACK")],
    ["alerts", attribute("holdfast.event_type", "FraudAlertRaised")],
    ["dead letters", attribute("holdfast.result", "dead_lettered")],
    ["slow", span({ startMs: 4_000, durationMs: 1_001 })],
  ])("keeps a trace for its %s", (policy, telling) => {
    expect(keptBy(policies, [span(), telling])).toEqual([policy]);
  });

  test("leaves an ordinary trace to chance, in a share that can be set", () => {
    const ordinary = ["APPROVE", "handled"].map((value) => attribute("holdfast.outcome", value));
    expect(keptBy(policies, ordinary)).toEqual([]);
    const chance = policies.filter(({ type }) => type === "probabilistic");
    expect(chance).toMatchObject([
      {
        probabilistic: {
          sampling_percentage: expect.stringMatching(/^\$\{env:TRACE_SHARE_PERCENT:-10\}$/),
        },
      },
    ]);
  });

  test("asks only for attributes that leave a service, and for events that there are", () => {
    const asked = policies.flatMap((policy) =>
      policy.type === "string_attribute" ? [policy.string_attribute] : [],
    );
    for (const { key } of asked) expect(spanAttributes).toContain(key);
    const events = asked
      .filter(({ key }) => key === "holdfast.event_type")
      .flatMap(({ values }) => values);
    expect(events.filter((name) => !(name in schemas))).toEqual([]);
  });
});
