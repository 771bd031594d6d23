import type { Story, StoryOrder } from "./story.ts";

/** Somebody tries whether a stolen card works: probes below 5.00, then one order above 600.00. */
export const cardTesting: Story = (startMs, { random, catalogue }) => {
  const orders: StoryOrder[] = [];
  let atMs = startMs;
  for (let left = random.between(3, 5); left > 0; left -= 1) {
    orders.push({ atMs, ...catalogue.basketBetween(100, 499, random) });
    atMs += random.between(1_000, 4_000);
  }
  orders.push({ atMs: atMs + 4_000, ...catalogue.basketBetween(60_000, 200_000, random) });
  return orders;
};
