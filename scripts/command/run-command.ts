/** What every `npm run …` command does the same way: options, --help, errors in words, exit codes. */
import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** What was typed behind the command, read as its options say. */
export type Given<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>;

/** A command of this repository. */
export interface Command<O extends Options> {
  readonly help: string;
  /** As for parseArgs; --help comes by itself. */
  readonly options: O;
  /** How many words may stand beside the options; default none. */
  readonly words?: number;
  /** Resolves to the exit code: 0, or 1 when the answer is no. */
  readonly run: (given: Given<O>) => number | Promise<number>;
}

/** The command was called in a way that it cannot follow; the message says what is wrong. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

/** The number that an option was given. Throws Misuse unless it is above zero. */
export function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Misuse(`--${option} takes a number above zero, not '${text}'`);
  return value;
}

/** Runs a command to its exit code, which is 2 after a misuse. Never rejects. */
export async function runCommand<const O extends Options>(
  command: Command<O>,
  args: string[] = process.argv.slice(2),
): Promise<void> {
  await conclude(async () => {
    const given = parseArgs({
      args,
      allowPositionals: true,
      options: { ...command.options, help: { type: "boolean", short: "h" } },
    });
    if ((given.values as { help?: boolean }).help) {
      console.log(command.help);
      return 0;
    }
    const unexpected = given.positionals[command.words ?? 0];
    if (unexpected !== undefined) throw new Misuse(`Unexpected argument '${unexpected}'`);
    return command.run(given as Given<O>);
  });
}

/** Sets the exit code to what `main` resolves to; whatever it throws is told on stderr, and 1 or 2. */
export async function conclude(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(explain(error));
    process.exitCode = isMisuse(error) ? 2 : 1;
  }
}

/** What went wrong, and what to do about it where that is known. */
export function explain(error: unknown): string {
  const refused = refusedAddress(error);
  if (refused !== undefined) {
    return `Nothing answers at ${refused}. Does the suite run? npm run status tells, npm run demo starts it.`;
  }
  const { code, path, message = String(error) } = detailsOf(error);
  if (code === "ENOENT" && path !== undefined) return `There is no ${path}`;
  if (!isMisuse(error)) return message;
  // Node goes on to explain an escape that nobody asked for.
  const [wrong] = message.split(". To ");
  const name = process.env["npm_lifecycle_event"];
  return name === undefined
    ? `${wrong}`
    : `${wrong}\nnpm run ${name} -- --help tells what it takes.`;
}

function isMisuse(error: unknown): boolean {
  const { code = "" } = detailsOf(error);
  return error instanceof Misuse || code === "ENOENT" || code.startsWith("ERR_PARSE_ARGS_");
}

/** The host and port that refused a connection, wherever in the chain of causes it is said. */
function refusedAddress(error: unknown): string | undefined {
  const { message = "", cause, errors = [] } = detailsOf(error);
  const said = /ECONNREFUSED (\S+:\d+)/.exec(message)?.[1];
  const within = cause === undefined ? errors : [cause, ...errors];
  return said ?? within.map(refusedAddress).find((address) => address !== undefined);
}

interface Details {
  readonly message?: string;
  readonly code?: string;
  readonly path?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

// By its fields: what Node throws is not everywhere an instance of this realm's Error.
const detailsOf = (error: unknown): Details =>
  typeof error === "object" && error !== null ? (error as Details) : {};
