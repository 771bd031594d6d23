import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly input?: string;
  /** Called with each line of either stream, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Rejects with its last lines when it fails. */
export function runToEnd(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    const child = spawn(file, args, {
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...options.user,
    });
    const read = lineReader((line) => {
      options.onLine?.(line);
      tail.push(line);
      if (tail.length > 20) tail.shift();
    });
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.stdin.on("error", () => {}); // a program that ends without reading its input is judged by its exit code
    child.stdin.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ended with ${signal ?? code}:\n${tail.join("\n")}`));
    });
  });
}

function lineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString("utf8")).split(/\r?\n|\r/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
  };
}
