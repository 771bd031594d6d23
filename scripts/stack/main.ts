/** The commands of a native run: up, status, stop, reset, logs. Started by scripts/demo.mjs. */
import { parseArgs } from "node:util";
import { conclude } from "../command/run-command.ts";
import { reset, stop } from "./down.ts";
import { logs } from "./logs.ts";
import { readSettings } from "./settings.ts";
import { status } from "./status.ts";
import { up } from "./up.ts";

const usage = `Usage:
  npm run demo [-- --detach]        start everything (Ctrl-C stops it; --detach returns when it is ready)
  npm run status [-- --json]        what runs, and how
  npm run logs [part] [-- --follow]
  npm run stop                      stop everything, keep the data
  npm run reset                     stop everything, wipe the data
  npm run doctor                    what this machine lacks, and the cure

Options: --only a,b (these parts and what they need), --run NAME, --free-ports, --quiet
Variables: HOLDFAST_PORT_OFFSET, HOLDFAST_HOME, HOLDFAST_CACHE, JAEGER_BIN`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      detach: { type: "boolean", short: "d", default: false },
      follow: { type: "boolean", short: "f", default: false },
      json: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      "free-ports": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      only: { type: "string" },
      owner: { type: "string" },
      run: { type: "string" },
    },
  });
  const [command = "up", part] = positionals;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const settings = readSettings(process.env, values.run);
  switch (command) {
    case "up":
      return up(settings, {
        detach: values.detach,
        quiet: values.quiet,
        freePorts: values["free-ports"],
        only: values.only?.split(",") ?? null,
        ownerPid: values.owner === undefined ? null : Number(values.owner),
      });
    case "status":
      return status(settings, values.json);
    case "stop":
      return stop(settings).then(() => 0);
    case "reset":
      return reset(settings).then(() => 0);
    case "logs":
      return logs(settings, { part: part ?? null, follow: values.follow });
    default:
      console.error(usage);
      return 2;
  }
}

await conclude(() => main(process.argv.slice(2)));
