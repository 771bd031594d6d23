import { eventServiceVariables } from "@holdfast/event-service";
import { lineageVariables, parseEnvironment, variable } from "@holdfast/service-kit";
import { z } from "zod";
import { sessionUrl } from "./store/session-url.ts";

/** What the environment says. */
export type Configuration = ReturnType<typeof readConfig>;

/** The environment, parsed once; every missing or wrong variable is named at once. */
export function readConfig() {
  return parseEnvironment(
    z.object({
      ...eventServiceVariables,
      ...lineageVariables,
      DATABASE_URL: variable.url().transform(sessionUrl),
      /** Memory for card states, all partitions together. */
      SCORER_CACHE_MB: variable.wholeNumber().default(128),
      /** State is written at the latest after this time, or this many records of a partition. */
      SCORER_COMMIT_INTERVAL_MS: variable.durationMs().default(100),
      SCORER_COMMIT_RECORDS: variable.wholeNumber().default(10_000),
      SCORER_MAX_BATCH_RECORDS: variable.wholeNumber().default(2_000),
      /** Decisions per partition that can be read by id; the log has all of them. */
      SCORER_DECISIONS_KEPT: variable.wholeNumber().default(50_000),
      /** How long POST /transactions:score waits for a decision before it answers 202. */
      SCORER_ANSWER_TIMEOUT_MS: variable.durationMs().default(300),
      /** Replays work beside the live scorer: topics and group of their own. */
      SCORER_TOPIC_PREFIX: variable.text().optional(),
      SCORER_GROUP: variable.text().default("fraud-scoring"),
    }),
  );
}
