import { parseOptions, type SuiteAddresses, UsageError, usage } from "./options.ts";
import { renderReport } from "./render-report.ts";
import { isComplete, reportOn } from "./report.ts";
import { runTraffic } from "./run-traffic.ts";

/**
 * The traffic command: resolves to its exit code. The report goes to standard output, all else to
 * standard error. Ctrl-C ends the load and still reports.
 */
export async function trafficCommand(
  args: readonly string[],
  suite: SuiteAddresses,
): Promise<number> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  try {
    const seed = String(Math.floor(Math.random() * 1_000_000));
    const apiKey = process.env["HOLDFAST_API_KEY"] ?? "demo-shop";
    const options = parseOptions(args, { ...suite, seed, apiKey });
    if (options === undefined) {
      process.stdout.write(usage);
      return 0;
    }
    const context = { terminal: process.stderr, signal: interrupted.signal };
    const report = reportOn(await runTraffic(options, context));
    const text = options.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report);
    process.stdout.write(text);
    return isComplete(report) ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}\n${error instanceof UsageError ? "See --help.\n" : ""}`);
    return error instanceof UsageError ? 2 : 1;
  }
}
