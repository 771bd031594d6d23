import type { Basket, Catalogue } from "../catalogue.ts";
import type { Random } from "../random.ts";

/** The kinds of fraud that are planted. */
export const fraudStories = ["velocity", "card-testing", "amount-spike"] as const;
export type FraudStory = (typeof fraudStories)[number];
/** Everything that happens: planted fraud, and the customers around it. */
export type StoryName = FraudStory | "ordinary";

/** One order of a story; `atMs` counts from the start of the traffic. */
export interface StoryOrder extends Basket {
  readonly atMs: number;
}

/** A story told once with one card: the same arguments always give the same orders, oldest first. */
export type Story = (
  startMs: number,
  world: { readonly random: Random; readonly catalogue: Catalogue },
) => readonly StoryOrder[];
