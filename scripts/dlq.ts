/** Looks at dead letters and settles them, through the services' own /admin. */

import { suiteAddresses } from "./command/addresses.ts";
import { conclude } from "./command/run-command.ts";
import { createDlqClient } from "./dlq/client.ts";
import { parseDlqCommand } from "./dlq/command.ts";
import { runDlq } from "./dlq/run.ts";

await conclude(async () => {
  const command = parseDlqCommand(process.argv.slice(2));
  const client = createDlqClient(
    suiteAddresses().serviceUrls,
    process.env["HOLDFAST_API_KEY"] ?? "demo-admin",
  );
  await runDlq(command, { client, print: (line) => console.log(line) });
  return 0;
});
