import { type EventName, schemas, subjects } from "@holdfast/contracts";

// For deploy-time scripts only: services never register.

const ANSWER_LIMIT_MS = 10_000;

/** A schema and the subject that it belongs to. */
export interface SubjectSchema {
  readonly subject: string;
  /** Avro, as JSON text. */
  readonly schema: string;
}

/** The registry did not take a schema: it is not compatible, or the registry failed. */
export class SchemaRefused extends Error {
  override readonly name = "SchemaRefused";
}

/** A version in the registry with which a schema does not go together. */
export interface SchemaConflict {
  readonly subject: string;
  readonly version: number;
  readonly messages: readonly string[];
}

/** Every event's schema in each subject of the catalogue. */
export function catalogueSchemas(): SubjectSchema[] {
  return subjects().map(({ subject, event }) => ({ subject, schema: schemaText(event) }));
}

/** The text that is registered and looked up: one function, so that both are the same. */
export function schemaText(event: EventName): string {
  return JSON.stringify(schemas[event]);
}

/**
 * Registers schemas, with compatibility FULL_TRANSITIVE, and returns their ids. Idempotent. Throws
 * SchemaRefused on the first one that is not taken, or not answered in time; those before it stay
 * registered.
 */
export async function registerSchemas(
  registryUrl: string,
  list: readonly SubjectSchema[] = catalogueSchemas(),
  answerLimitMs: number = ANSWER_LIMIT_MS,
): Promise<{ subject: string; id: number }[]> {
  // Loaded here because services, which never register, would carry it in memory.
  const { COMPATIBILITY, SchemaRegistry, SchemaType } = await import(
    "@kafkajs/confluent-schema-registry"
  );
  const registry = new SchemaRegistry({
    host: registryUrl,
    retry: { retries: 3 },
    // The client has no limit of its own: a request that the registry loses would be waited for without end.
    middlewares: [
      () => ({
        prepareRequest: async (next) => (await next()).enhance({ timeout: answerLimitMs }),
      }),
    ],
  });
  const registered: { subject: string; id: number }[] = [];
  for (const { subject, schema } of list) {
    const options = { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE };
    const registering = registry.register({ type: SchemaType.AVRO, schema }, options);
    const { id } = await registering.catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SchemaRefused(`${subject}: ${reason}`, { cause });
    });
    registered.push({ subject, id });
  }
  return registered;
}

/**
 * Compares each schema with every version of its subject in the registry and returns the conflicts;
 * registers nothing. A subject that does not exist has none. Throws when the registry fails.
 */
export async function checkSchemas(
  registryUrl: string,
  list: readonly SubjectSchema[] = catalogueSchemas(),
): Promise<SchemaConflict[]> {
  const conflicts: SchemaConflict[] = [];
  for (const { subject, schema } of list) {
    const name = encodeURIComponent(subject);
    const versions = (await call(`${registryUrl}/subjects/${name}/versions`)) as number[] | null;
    for (const version of versions ?? []) {
      const url = `${registryUrl}/compatibility/subjects/${name}/versions/${version}?verbose=true`;
      const answer = (await call(url, schema)) as { is_compatible: boolean; messages?: string[] };
      if (answer.is_compatible) continue;
      conflicts.push({ subject, version, messages: answer.messages ?? [] });
    }
  }
  return conflicts;
}

/** The answer's body; null for 404. With a schema it is posted. */
async function call(url: string, schema?: string): Promise<unknown> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    ...(schema !== undefined && {
      method: "POST",
      headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
      body: JSON.stringify({ schema }),
    }),
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`The registry answered ${response.status}: ${url}`);
  return response.json();
}
