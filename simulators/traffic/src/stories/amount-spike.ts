import type { Story, StoryOrder } from "./story.ts";

/** A card with a habit of small orders suddenly buys something very dear. */
export const amountSpike: Story = (startMs, { random, catalogue }) => {
  const orders: StoryOrder[] = [];
  let atMs = startMs;
  for (let left = random.between(10, 12); left > 0; left -= 1) {
    orders.push({ atMs, ...catalogue.basketBetween(1_000, 2_500, random) });
    atMs += random.between(1_500, 3_000);
  }
  orders.push({ atMs: atMs + 3_000, ...catalogue.basketBetween(60_000, 160_000, random) });
  return orders;
};
