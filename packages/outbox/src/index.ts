export { type CrashGuardOptions, CrashLoop, crashGuard } from "./crash-guard.ts";
export {
  createDatabase,
  createDatabaseOn,
  type Database,
  type DatabaseOptions,
  type TransactOptions,
} from "./database.ts";
export {
  createDeadLetterOffice,
  type DeadLetterOffice,
  type DeadLetterOfficeOptions,
  DeadLetterProblem,
  type Settlement,
} from "./dead-letters/dead-letter-office.ts";
export type { DeadLetterActionRow } from "./dead-letters/dead-letter-store.ts";
export type { DeadLetterView, DecodedDeadLetter } from "./dead-letters/dead-letter-view.ts";
export { everyVersion, type Versioned } from "./entity-order.ts";
export { PostgresUnavailable, type ProblemDetails, TransactionMisuse } from "./errors.ts";
export {
  IdempotencyProblem,
  type IdempotentReply,
  type IdempotentRequest,
  idempotencyRetentionMs,
  idempotent,
  type StoredReply,
} from "./idempotency.ts";
export { type InboxOptions, inbox, UnidentifiedMessage } from "./inbox.ts";
export {
  grantService,
  type MigrateOptions,
  migrate,
  outboxMigrationsDir,
  outboxMigrationsTable,
} from "./migrate.ts";
export {
  createParkedSweeper,
  type DeadLetterRecord,
  EntityGap,
  type ParkedSweeperOptions,
} from "./parked-records.ts";
export type { Clock, Component, Ids } from "./ports.ts";
export {
  ensureReplicationSlot,
  type OutboxLag,
  outboxLag,
  outboxPublication,
  outboxSlot,
} from "./replication.ts";
export { createRetentionSweeper, type Retention, type SweepResult, sweep } from "./retention.ts";
export type { Publish, PublishOptions, Query, Tx } from "./transaction.ts";
export type { PerformTask, Settle, Task, WorkQueue, WorkQueueOptions } from "./work-queue.ts";
export { createWorkQueue } from "./work-queue-worker.ts";
