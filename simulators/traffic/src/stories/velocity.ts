import type { Story, StoryOrder } from "./story.ts";

/** A stolen card is emptied: four to six orders above 100.00 within a minute. */
export const velocity: Story = (startMs, { random, catalogue }) => {
  const orders: StoryOrder[] = [];
  let atMs = startMs;
  for (let left = random.between(4, 6); left > 0; left -= 1) {
    orders.push({ atMs, ...catalogue.basketBetween(10_900, 45_000, random) });
    atMs += random.between(3_000, 9_000);
  }
  return orders;
};
