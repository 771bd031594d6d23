import { withDatabase } from "@holdfast/testkit";
import type { Fault } from "./fault.ts";

/** The replication slot of an outbox is gone, and with it the place where reading would go on. */
const dropSlot: Fault = {
  name: "slot-dropped",
  mustAccept: true,
  strike: ({ suite, random }) => {
    const slot = `holdfast_outbox_${random.pick(["order", "payment", "inventory"])}`;
    return withDatabase(suite.postgresAdminUrl, "postgres", async (rows) => {
      await rows(
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
         WHERE slot_name = $1 AND active_pid IS NOT NULL`,
        [slot],
      );
      for (let tries = 0; tries < 50; tries += 1) {
        const dropped = await rows(
          `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
           WHERE slot_name = $1`,
          [slot],
        ).catch(() => undefined); // the connector was quicker and holds it again
        if (dropped !== undefined) return;
        await rows(
          `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
           WHERE slot_name = $1 AND active_pid IS NOT NULL`,
          [slot],
        );
      }
      throw new Error(`the slot ${slot} could not be dropped`);
    });
  },
};

/** Faults of the way from Postgres to Kafka. */
export const slotFaults: readonly Fault[] = [dropSlot];
