import { waitFor } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { call, keys } from "../support/api.ts";
import { readEvents } from "../support/events.ts";
import { placeOrder, registerCard, review, waitForStatus } from "../support/shop.ts";

const customerId = "cust_demo_020";

interface NotificationList {
  readonly items: { readonly audience: string; readonly text?: string }[];
}

describe("four orders above $100 within a minute on one payment method", () => {
  test("the third and fourth are held, one alert is raised, and a person ends each hold", async () => {
    const paymentMethodId = await registerCard(customerId);
    const buy = () => placeOrder({ customerId, paymentMethodId, sku: "SKU-COFFEE-MILL" });
    const first = await buy();
    const second = await buy();
    const third = await buy();
    const fourth = await buy();

    await waitForStatus(third, "under_review");
    await waitForStatus(fourth, "under_review");
    await waitForStatus(first, "confirmed");
    await waitForStatus(second, "confirmed");

    const alerts = (await readEvents("fraud-alerts", "FraudAlertRaised")).filter(
      ({ ruleId, orderId }) => ruleId === "velocity-60s" && [third, fourth].includes(orderId ?? ""),
    );
    expect(alerts).toMatchObject([{ orderId: third, action: "REVIEW", reason: "VELOCITY_60S" }]);

    await review(third, "release");
    await review(fourth, "decline");
    await waitForStatus(third, "confirmed");
    await waitForStatus(fourth, "cancelled");
  });

  test("the analyst reads why, and the customer never reads of fraud", async () => {
    const analyst = await waitFor(
      async () => {
        const { body } = await call<NotificationList>(
          "notification",
          "/notifications?audience=analyst",
          { key: keys.analyst },
        );
        return JSON.stringify(body).includes("VELOCITY_60S") && body;
      },
      { limitMs: 20_000, what: "a notification to the analyst" },
    );
    expect(analyst.items.length).toBeGreaterThan(0);
    const { body } = await call<NotificationList>(
      "notification",
      `/notifications?audience=customer&customerId=${customerId}`,
      { key: keys.analyst },
    );
    expect(JSON.stringify(body)).not.toMatch(/fraud|velocity|suspicious/i);
  });
});
