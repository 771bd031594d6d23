import { expect, test } from "@jest/globals";
import { quietCardEngine } from "../testing/quiet-card-engine.ts";
import { type Card, decodeCard, encodeCard, newCard, rememberHit } from "./card.ts";

const engine = quietCardEngine(1);

function cardWithHistory(): Card {
  const card = newCard("fp", engine);
  card.customerId = "cust_1";
  card.dueAt = 5;
  card.expiresAt = 7;
  const hit = { paymentId: "p", orderId: null, rules: ["r@1"], label: 2 as const };
  rememberHit(card, { eventId: "e", ...hit });
  return card;
}

test.each([
  ["new", newCard("fp", engine)],
  ["with a history", cardWithHistory()],
])("a card %s survives its bytes, and equal cards give equal bytes", (_name, card) => {
  const bytes = encodeCard(card);
  const read = decodeCard("fp", bytes, engine);
  expect(read).toEqual(card);
  expect(encodeCard(read)).toEqual(bytes);
});

test("foreign bytes are refused", () => {
  expect(() => decodeCard("fp", Buffer.from("noise"), engine)).toThrow("format");
});

test("hits are bounded: the oldest makes room", () => {
  const card = newCard("fp", engine);
  for (let index = 0; index < 100; index += 1) {
    rememberHit(card, {
      eventId: String(index),
      paymentId: "p",
      orderId: null,
      rules: [],
      label: 0,
    });
  }
  expect(card.hits).toHaveLength(16);
  expect(card.hits.at(-1)?.eventId).toBe("99");
});
