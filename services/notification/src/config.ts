import { httpVariables, kafkaVariables, variable } from "@holdfast/service-kit";
import { z } from "zod";
import { channels } from "./sinks/create-sinks.ts";

/** The environment of the notification service. */
export const configuration = z.object({
  ...httpVariables,
  ...kafkaVariables,
  DATABASE_URL: variable.url(),
  /** Where messages go: one channel, or several with commas between. */
  NOTIFICATION_SINK: variable
    .list()
    .pipe(z.array(z.enum(channels)))
    .default(["log"]),
});
