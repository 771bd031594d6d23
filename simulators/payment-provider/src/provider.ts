import { createHash, randomUUID } from "node:crypto";
import { type Books, createBooks, type Operation } from "./books.ts";
import { type FailureModes, noFailures, refusalBy, seededRandom } from "./failures.ts";
import { type Answer, type JournalEntry, openJournal } from "./journal.ts";

/** A request to move money. */
export interface Instruction {
  /** The Idempotency-Key. */
  readonly key: string;
  readonly operation: Operation;
  /** The merchant's name for what it pays. */
  readonly reference: string | null;
  /** The request's exact content, to tell another request under the same key. */
  readonly content: string;
}

/** What becomes of a request. */
export type Result =
  | { readonly kind: "answered"; readonly answer: Answer; readonly replayed: boolean }
  | { readonly kind: "key_reused" | "unavailable" | "silent" };

/** The provider: books, journal and the failures in force. */
export interface Provider {
  /** Carries an instruction out at most once per key, on disk before it is answered. */
  carryOut(instruction: Instruction): Promise<Result>;
  /** What was answered under a key, once it is on disk: a crash must not forget what was told. */
  query(key: string): Promise<Answer | undefined>;
  failures(): FailureModes;
  setFailures(modes: FailureModes): void;
  /** Bytes of the journal file that are on disk: whole lines only. */
  journalBytes(): number;
  close(): Promise<void>;
}

/** Opens the provider on its journal. Throws when the journal cannot be read. */
export async function openProvider(journalFile: string): Promise<Provider> {
  const books = createBooks();
  const journal = await openJournal(journalFile, books.enter);
  // Answers whose entry is on its way to the disk: a twin of the request waits for the same write.
  const writing = new Map<string, Promise<void>>();
  let modes = noFailures;
  let random = seededRandom(modes.seed);

  const write = async (entry: JournalEntry): Promise<void> => {
    books.enter(entry);
    const written = journal.append(entry);
    writing.set(entry.key, written);
    await written;
    writing.delete(entry.key);
  };
  return {
    carryOut: async (instruction) => {
      const fails = random() < modes.errorRate;
      const silent = random() < modes.timeoutAfterSuccessRate;
      await sleep(modes.latencyMs);
      if (fails) return { kind: "unavailable" };
      const known = books.answered(instruction.key);
      if (known !== undefined && known.fingerprint !== fingerprintOf(instruction)) {
        return { kind: "key_reused" };
      }
      if (known === undefined) await write(decideEntry(books, instruction, modes));
      else await writing.get(instruction.key);
      const entry = books.answered(instruction.key);
      if (silent || entry === undefined) return { kind: "silent" };
      return { kind: "answered", answer: answerOf(entry), replayed: known !== undefined };
    },
    query: async (key) => {
      await writing.get(key);
      const entry = books.answered(key);
      return entry === undefined ? undefined : answerOf(entry);
    },
    failures: () => modes,
    setFailures: (next) => {
      modes = next;
      random = seededRandom(next.seed);
    },
    journalBytes: () => journal.durableBytes(),
    close: () => journal.close(),
  };
}

function decideEntry(books: Books, instruction: Instruction, modes: FailureModes): JournalEntry {
  const { key, operation, reference } = instruction;
  const judged = books.judge(operation, (candidate) => refusalBy(modes, candidate));
  const operationId = `op_${randomUUID()}`;
  const granted = operation.kind === "authorize" && judged.outcome === "succeeded";
  return {
    sequence: books.size() + 1,
    at: new Date().toISOString(),
    key,
    fingerprint: fingerprintOf(instruction),
    reference,
    operationId,
    ...judged,
    authorizationId: granted ? `auth_${randomUUID()}` : judged.authorizationId,
  };
}

function fingerprintOf({ content }: Instruction): string {
  return createHash("sha256").update(content).digest("hex");
}

function answerOf(entry: JournalEntry): Answer {
  const { operationId, authorizationId, kind, outcome, amountMinor, currency, code } = entry;
  const { feeMinor } = entry;
  return { operationId, authorizationId, kind, outcome, amountMinor, currency, feeMinor, code };
}

function sleep(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
