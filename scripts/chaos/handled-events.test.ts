import { handledEvents } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";
import { readWiring } from "../generate/wiring.ts";
import { root } from "../stack/settings.ts";

const handled = Object.entries(handledEvents).flatMap(([service, topics]) =>
  Object.entries(topics).map(([topic, events]) => ({ service, topic, events })),
);

test.each(readWiring(root))("the checker knows what $service does with $topic", (wired) => {
  const known = handled.find((one) => one.service === wired.service && one.topic === wired.topic);
  expect(known).toBeDefined();
  // Null: every event of the topic leaves a trace, handled or not.
  if (known?.events) expect(known.events.toSorted()).toEqual(wired.events.toSorted());
});
