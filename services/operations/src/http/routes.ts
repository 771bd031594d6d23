import { defineRoute, type Route } from "@holdfast/service-kit";
import { z } from "zod";
import { lagStatuses } from "../domain/consumer-lag.ts";
import type { ConnectorStatus } from "../setup/connect-client.ts";
import type { StepReport } from "../setup/steps.ts";
import type { PartitionLag } from "../supervise/lag.ts";
import type { SlotStatus } from "../supervise/slots.ts";
import type { Recovery } from "../supervise/streams.ts";

/** What /status shows; each part is read when asked for. */
export interface StatusSources {
  readonly setup: () => readonly StepReport[];
  readonly connectors: () => readonly ConnectorStatus[];
  readonly slots: () => Promise<readonly SlotStatus[]>;
  /** Newest first. */
  readonly recoveries: () => readonly Recovery[];
  readonly lag: () => readonly PartitionLag[];
}

const Status = z.object({
  setup: z.array(
    z.object({
      name: z.string(),
      state: z.enum(["waiting", "running", "done", "failed"]),
      attempts: z.number(),
      error: z.string().optional(),
    }),
  ),
  connectors: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      tasks: z.array(z.object({ id: z.number(), state: z.string(), error: z.string().optional() })),
    }),
  ),
  slots: z.array(
    z.object({
      slot: z.string(),
      active: z.boolean(),
      retainedBytes: z.number(),
      walStatus: z.string(),
      restartPosition: z.number(),
    }),
  ),
  recoveries: z.array(
    z.object({
      connector: z.string(),
      slot: z.string(),
      cause: z.enum(["slot_missing", "slot_lost", "position_gone", "repair_interrupted"]),
      startedAt: z.iso.datetime(),
      finishedAt: z.iso.datetime(),
    }),
  ),
  lag: z.array(
    z.object({
      group: z.string(),
      topic: z.string(),
      partition: z.number(),
      records: z.number(),
      seconds: z.number(),
      status: z.enum(lagStatuses),
    }),
  ),
});

/** The routes of operations. */
export function routes(sources: StatusSources): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/status",
      summary: "Set-up, connectors, replication slots and consumer lag at a glance",
      auth: ["analyst", "admin"],
      request: {},
      responses: { 200: { description: "What operations sees", schema: Status } },
      handle: async () => {
        const body = {
          setup: [...sources.setup()],
          connectors: sources.connectors(),
          slots: await sources.slots(),
          recoveries: sources.recoveries().map((recovery) => ({
            ...recovery,
            startedAt: new Date(recovery.startedAt).toISOString(),
            finishedAt: new Date(recovery.finishedAt).toISOString(),
          })),
          lag: sources.lag(),
        };
        return { status: 200, body };
      },
    }),
  ];
}
