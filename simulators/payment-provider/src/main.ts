import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { z } from "zod";
import { createProviderServer } from "./http.ts";
import { openProvider } from "./provider.ts";

const environment = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(4007),
    HOST: z.string().min(1).default("0.0.0.0"),
    JOURNAL_FILE: z.string().min(1).default("data/journal.jsonl"),
  })
  .safeParse(process.env);
if (!environment.success) {
  process.stderr.write(`The environment is not usable:\n${z.prettifyError(environment.error)}\n`);
  process.exit(1);
}
const { PORT, HOST, JOURNAL_FILE } = environment.data;
mkdirSync(dirname(JOURNAL_FILE), { recursive: true });
const provider = await openProvider(JOURNAL_FILE);
const server = createProviderServer(provider, JOURNAL_FILE);
server.listen(PORT, HOST, () => log("Ready"));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log("Stopping");
    // Requests that were left without an answer on purpose would keep the server open.
    server.close(() => void provider.close().then(() => process.exit(0)));
    setTimeout(() => server.closeAllConnections(), 1_000).unref();
  });
}

function log(message: string): void {
  const fields = { level: "info", time: new Date().toISOString(), service: "payment-provider" };
  process.stdout.write(
    `${JSON.stringify({ ...fields, port: portOf(server.address()), message })}\n`,
  );
}

// The port that was asked for may be 0: any free one.
function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : PORT;
}
