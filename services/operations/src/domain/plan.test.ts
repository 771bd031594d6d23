import { describe, expect, test } from "@jest/globals";
import { fillTemplate, planConnectors } from "./plan.ts";

describe("the connectors that the databases need", () => {
  test("are one a publishing database, and one more for captured tables", () => {
    const plans = planConnectors([
      {
        database: "order",
        migrations: "m",
        outbox: true,
        cdc: { tables: ["public.orders"], excludedColumns: ["public.orders.secret"] },
      },
      { database: "notification", migrations: "m", outbox: false },
    ]);
    expect(plans.map(({ name, slot }) => [name, slot])).toEqual([
      ["outbox-order", "holdfast_outbox_order"],
      ["cdc-order", "holdfast_cdc_order"],
    ]);
    expect(plans[1]?.variables).toMatchObject({
      tables: "public.orders",
      excludedColumns: "public.orders.secret",
    });
  });
});

describe("a connector template", () => {
  test("is filled with our variables and keeps the connector's own placeholders", () => {
    const template = {
      "slot.name": "$" + "{slot}",
      "route.topic.replacement": "$" + "{routedByValue}",
    };
    expect(fillTemplate(template, { slot: "s" })).toEqual({
      "slot.name": "s",
      "route.topic.replacement": "$" + "{routedByValue}",
    });
  });
});
