import { parseArgs } from "node:util";
import { Misuse } from "../command/run-command.ts";
import { type EventServiceName, eventServices } from "../command/services.ts";

/** What is to be done. */
export type DlqCommand =
  | { readonly verb: "help" }
  | {
      readonly verb: "list";
      readonly services: readonly EventServiceName[];
      readonly all: boolean;
      readonly limit: number;
      readonly json: boolean;
    }
  | { readonly verb: "show"; readonly id: string }
  | {
      readonly verb: "redrive" | "discard";
      /** Undefined: all open ones of the service. */
      readonly ids: readonly string[] | undefined;
      readonly service: EventServiceName | undefined;
      readonly reason: string | null;
    };

export const DLQ_HELP = `Looks at records that a service could not handle, and settles them.

  npm run dlq -- list    [--service NAME] [--all] [--limit N] [--json]
  npm run dlq -- show    ID
  npm run dlq -- redrive ID... | --all --service NAME   [--reason TEXT]
  npm run dlq -- discard ID...                           --reason TEXT

An ID is <dead-letter topic>/<partition>/<offset>, as list prints it. A redriven record keeps its event id and, per
key, its order. Both leave a row in the service's audit log.

The key is HOLDFAST_API_KEY (scope admin; default: the demo's).
`;

/** Reads the arguments. Throws Misuse. */
export function parseDlqCommand(args: readonly string[]): DlqCommand {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      service: { type: "string" },
      all: { type: "boolean", default: false },
      limit: { type: "string", default: "100" },
      json: { type: "boolean", default: false },
      reason: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb, ...ids] = positionals;
  const service = values.service === undefined ? undefined : serviceOf(values.service);
  const { all, json, reason = null } = values;
  if (values.help || verb === undefined || verb === "help") return { verb: "help" };
  switch (verb) {
    case "list": {
      const limit = Number(values.limit);
      if (!(Number.isInteger(limit) && limit > 0)) throw new Misuse("--limit takes a number");
      return { verb, services: service ? [service] : eventServices, all, limit, json };
    }
    case "show": {
      const [id] = ids;
      if (id === undefined || ids.length > 1) throw new Misuse("show takes one ID");
      return { verb, id };
    }
    case "redrive":
      if (all && (service === undefined || ids.length > 0)) {
        throw new Misuse("redrive --all takes a --service and no ID");
      }
      if (!all && ids.length === 0) throw new Misuse("redrive takes IDs, or --all --service NAME");
      return { verb, ids: all ? undefined : ids, service, reason };
    case "discard":
      if (ids.length === 0) throw new Misuse("discard takes IDs");
      if (reason === null || reason.trim() === "") throw new Misuse("discard needs a --reason");
      return { verb, ids, service, reason };
    default:
      throw new Misuse(`There is no ${verb}: list, show, redrive or discard`);
  }
}

/** The service whose dead letter an ID names. Throws when it names none. */
export function serviceOfId(id: string): EventServiceName {
  const group = /^[^/]+\.([^./]+)\.dlq\/\d+\/\d+$/.exec(id)?.[1];
  if (group === undefined)
    throw new Misuse(`${id} is not <topic>.<group>.dlq/<partition>/<offset>`);
  return serviceOf(group);
}

function serviceOf(name: string): EventServiceName {
  const found = eventServices.find((service) => service === name);
  if (found === undefined) throw new Misuse(`${name} is none of ${eventServices.join(", ")}`);
  return found;
}
