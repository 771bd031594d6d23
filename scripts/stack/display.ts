import type { PartState, RunFile } from "./run-file.ts";

/** Progress on the terminal: one line for each thing that comes up, a running line while fetching. */
export class Display {
  private readonly quiet: boolean;
  private readonly began = performance.now();
  private readonly shown = new Map<string, PartState>();
  private lastFetchLine = 0;

  constructor(quiet: boolean) {
    this.quiet = quiet;
  }

  /** Progress of the download. On a terminal the line rewrites itself; in a log it comes every five seconds. */
  readonly fetching = (files: number, megabytes: number, last: string): void => {
    if (this.quiet) return;
    const line = `fetching programs: ${files} files, ${megabytes.toFixed(0)} MB   ${last}`;
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns || 80) - 1)}`);
    } else if (performance.now() - this.lastFetchLine > 5000) {
      this.lastFetchLine = performance.now();
      console.log(line);
    }
  };

  /** Prints what has changed since the last call. */
  show(file: RunFile): void {
    if (this.quiet) return;
    for (const [name, part] of Object.entries(file.parts)) {
      const before = this.shown.get(name);
      if (before === part.state) continue;
      this.shown.set(name, part.state);
      if (before === "waiting" && part.state === "stopped") continue; // it never began
      if (worthTelling.has(part.state)) this.line(`${name.padEnd(18)} ${words[part.state]}`);
    }
  }

  private line(text: string): void {
    if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1);
    console.log(`${seconds.padStart(6)} s  ${text}`);
  }
}

const words: Readonly<Record<PartState, string>> = {
  waiting: "waits",
  starting: "starts",
  running: "is up",
  healthy: "is up",
  done: "is done",
  crashed: "ended by itself; see its log",
  stopping: "is stopping",
  stopped: "has stopped",
  failed: "did not start; see its log",
};

const worthTelling: ReadonlySet<PartState> = new Set([
  "running",
  "healthy",
  "done",
  "crashed",
  "stopped",
  "failed",
]);
