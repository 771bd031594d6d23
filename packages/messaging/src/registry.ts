import { UnknownSchemaError } from "./codec-errors.ts";
import { TransientError } from "./errors.ts";

/** The registry cannot be reached or is in trouble. */
export class RegistryUnavailable extends TransientError {
  override readonly name = "RegistryUnavailable";
}

/** The look-ups that running services need of a registry with Confluent's API. None of them writes. */
export interface SchemaLookup {
  /** The id under which exactly this schema is registered in the subject; undefined if it is not. */
  idOf(subject: string, schema: string): Promise<number | undefined>;
  /** The schema with this id. Throws UnknownSchemaError if there is none. */
  schemaOf(id: number): Promise<string>;
}

const timeoutMs = 3_000;
const contentType = "application/vnd.schemaregistry.v1+json";

/**
 * Look-ups over HTTP at `url`, which ends in Confluent's API root (such as …/apis/ccompat/v7).
 * Written by hand because the registry client brings three schema languages into every process.
 */
export function createSchemaLookup(url: string): SchemaLookup {
  const root = url.replace(/\/$/, "");
  return {
    async idOf(subject, schema) {
      const answer = await request(`${root}/subjects/${encodeURIComponent(subject)}`, {
        method: "POST",
        headers: { "content-type": contentType },
        body: JSON.stringify({ schema }),
      });
      return answer === undefined ? undefined : Number(answer["id"]);
    },
    async schemaOf(id) {
      const answer = await request(`${root}/schemas/ids/${id}`, {});
      if (answer === undefined) throw new UnknownSchemaError(`The registry has no schema ${id}`);
      return String(answer["schema"]);
    },
  };
}

/** The answer's body; undefined for 404. */
async function request(
  url: string,
  init: RequestInit,
): Promise<Record<string, unknown> | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return (await response.json()) as Record<string, unknown>;
    await response.body?.cancel();
  } catch (cause) {
    throw new RegistryUnavailable("The schema registry does not answer", { cause });
  }
  if (response.status === 404) return undefined;
  throw new RegistryUnavailable(`The schema registry answered ${response.status}`);
}
