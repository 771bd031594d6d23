import { type FileHandle, open } from "node:fs/promises";

/** The kinds of operation that the provider carries out. */
export type OperationKind = "authorize" | "capture" | "void" | "refund";

/** What the provider answers to an operation, the same for ever. */
export interface Answer {
  readonly operationId: string;
  readonly authorizationId: string | null;
  readonly kind: OperationKind;
  readonly outcome: "succeeded" | "refused";
  /** Null when the authorisation that it was asked of does not exist. */
  readonly amountMinor: number | null;
  readonly currency: string | null;
  /** What the provider keeps of a capture; 0 for everything else. */
  readonly feeMinor: number;
  /** Why it was refused; null when it succeeded. */
  readonly code: string | null;
}

/** One line of the journal: an operation that was carried out or refused, once per key. */
export interface JournalEntry extends Answer {
  readonly sequence: number;
  readonly at: string;
  /** The Idempotency-Key that it came under, and the SHA-256 of the request. */
  readonly key: string;
  readonly fingerprint: string;
  /** The merchant's name for what it pays, such as the order. */
  readonly reference: string | null;
}

/** An append-only file of entries, one JSON object a line. */
export interface Journal {
  /** Resolves once the entry is on disk; entries keep the order of the calls. */
  append(entry: JournalEntry): Promise<void>;
  /** Bytes that are on disk: whole lines only. */
  durableBytes(): number;
  close(): Promise<void>;
}

/**
 * Opens a journal and hands each entry that it holds to `replay`. A last line that a crash cut short
 * was never answered to anybody; it is removed. Throws when any other line cannot be read.
 * Appends that wait while the disk is busy share the next write and its sync; after a write that
 * failed every append rejects, because nobody knows what the file then holds.
 */
export async function openJournal(
  path: string,
  replay: (entry: JournalEntry) => void,
): Promise<Journal> {
  const file = await open(path, "a+");
  let size = await replayLines(file, replay);
  await file.truncate(size);
  let waiting: string[] = [];
  let written: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(waiting.join(""));
    waiting = [];
    next = undefined;
    await file.appendFile(bytes);
    await file.datasync();
    size += bytes.length;
  };
  return {
    append: (entry) => {
      waiting.push(`${JSON.stringify(entry)}\n`);
      next ??= written = written.then(flush);
      return next;
    },
    durableBytes: () => size,
    close: async () => {
      await written;
      await file.close();
    },
  };
}

async function replayLines(
  file: FileHandle,
  replay: (entry: JournalEntry) => void,
): Promise<number> {
  let wholeBytes = 0;
  for await (const line of linesOf(file)) {
    replay(JSON.parse(line.toString("utf8")) as JournalEntry);
    wholeBytes += line.length + 1;
  }
  return wholeBytes;
}

async function* linesOf(file: FileHandle): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
  }
}
