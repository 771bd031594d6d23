import type { ConnectorPlan } from "../domain/plan.ts";
import { breakOf, type StreamBreak } from "../domain/stream-health.ts";
import { type ConnectClient, type ConnectorStatus, taskStatuses } from "../setup/connect-client.ts";
import type { SlotStatus } from "./slots.ts";

/** One repair of a change stream, as /status shows it. Times in milliseconds since the epoch. */
export interface Recovery {
  readonly connector: string;
  readonly slot: string;
  readonly cause: StreamBreak;
  readonly startedAt: number;
  readonly finishedAt: number;
}

export interface StreamRepairOptions {
  readonly client: ConnectClient;
  readonly plans: readonly ConnectorPlan[];
  readonly slots: () => Promise<readonly SlotStatus[]>;
  /** Makes the slot unless it is there, so that nothing is lost from here on. */
  readonly makeSlot: (plan: ConnectorPlan) => Promise<unknown>;
  /** Drops the slot if it is there; nobody reads it. */
  readonly dropSlot: (slot: string) => Promise<void>;
  readonly clock: { now(): number };
  readonly pause: (ms: number) => Promise<void>;
  readonly events: {
    began(plan: ConnectorPlan, cause: StreamBreak): void;
    done(recovery: Recovery): void;
  };
}

/** Repairs streams that a restart cannot mend. */
export interface StreamRepair {
  /** Looks at every stream once and repairs what is broken. Rejects when it cannot look or repair. */
  tick(): Promise<void>;
  /** The last repairs, newest first. */
  recoveries(): readonly Recovery[];
}

const KEPT = 50;
const LOOKS = 150;
const LOOK_INTERVAL_MS = 200;

/**
 * A stream whose place in the log is gone begins anew: a new slot first, then a snapshot of the rows that
 * the table still has, then what follows the slot. For an outbox that is every event of its retention
 * once more, the lost ones among them; inboxes absorb the others. A repair that is interrupted, by a
 * crash as well, is found and done again.
 */
export function createStreamRepair(options: StreamRepairOptions): StreamRepair {
  const { client, clock, events } = options;
  const recoveries: Recovery[] = [];

  const examine = async (plan: ConnectorPlan, slot: SlotStatus | undefined): Promise<void> => {
    const status = await client.status(plan.name);
    if (status === undefined) return;
    const sight = await sightOf(client, status, slot);
    const cause = breakOf(sight);
    if (cause === undefined) return;
    const startedAt = clock.now();
    events.began(plan, cause);
    await repair(plan, options);
    const finishedAt = clock.now();
    const recovery = { connector: plan.name, slot: plan.slot, cause, startedAt, finishedAt };
    recoveries.unshift(recovery);
    recoveries.splice(KEPT);
    events.done(recovery);
  };

  return {
    async tick() {
      const slots = new Map((await options.slots()).map((slot) => [slot.slot, slot]));
      for (const plan of options.plans) await examine(plan, slots.get(plan.slot));
    },
    recoveries: () => recoveries,
  };
}

async function sightOf(
  client: ConnectClient,
  status: ConnectorStatus,
  slot: SlotStatus | undefined,
): Promise<Parameters<typeof breakOf>[0]> {
  const failed = taskStatuses(status).some(({ state }) => state === "FAILED");
  const resting = failed || status.state === "STOPPED";
  const storedPosition = resting ? await client.storedPosition(status.name) : undefined;
  return { connector: status.state, failed, slot, storedPosition };
}

async function repair(plan: ConnectorPlan, options: StreamRepairOptions): Promise<void> {
  const { client } = options;
  await client.stop(plan.name);
  await untilStopped(plan.name, options);
  await options.dropSlot(plan.slot);
  await options.makeSlot(plan);
  await client.forgetPosition(plan.name);
  await client.resume(plan.name);
}

async function untilStopped(
  name: string,
  { client, pause }: Pick<StreamRepairOptions, "client" | "pause">,
): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const status = await client.status(name);
    if (status?.state === "STOPPED" && status.tasks.length === 0) return;
    await pause(LOOK_INTERVAL_MS);
  }
  throw new Error(`connector ${name} does not stop`);
}
