import type { Route } from "@holdfast/messaging";
import type pg from "pg";
import type { PaymentProvider } from "../../services/payment/src/provider/provider.ts";
import type { Broker, Place } from "./bus/broker.ts";
import type { Engine } from "./postgres/engine.ts";
import type { StatementTable } from "./postgres/statement-table.ts";
import type { ServiceName } from "./scenario.ts";
import type { SimulatedProcess } from "./world/process.ts";
import type { Scheduler } from "./world/scheduler.ts";

/** What a planted bug can reach besides the thing that it changes. */
export interface World {
  readonly scheduler: Scheduler;
  readonly broker: Broker;
  readonly engine: Engine;
  readonly service: ServiceName;
}

/** A bug is a change of what lies under the services or between them; each member is one such place. */
export interface Bug {
  statements?(table: StatementTable, world: World): StatementTable;
  pool?(pool: pg.Pool, process: SimulatedProcess, world: World): pg.Pool;
  provider?(provider: PaymentProvider): PaymentProvider;
  consumes?(routes: readonly Route[], world: World): readonly Route[];
  /** Called when a group has read a record, before it is delivered. */
  onRead?(broker: Broker, group: string, at: Place & { readonly position: number }): void;
}
