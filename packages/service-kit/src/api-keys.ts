import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigurationError } from "./environment.ts";

/** What a key lets its holder do. */
export type Scope = "customer" | "analyst" | "admin";

/** Who sends a request. `customerId` binds the customer scope: one customer, or "*" for all. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly customerId: string | null;
}

/** A key as configured: only its SHA-256 (hex) is known. */
export interface ApiKey extends Caller {
  readonly sha256: string;
}

/** The caller of a public route. */
export const anonymous: Caller = { name: "anonymous", scopes: [], customerId: null };

/** Whether the caller may act for a customer: admins and keys bound to this customer or to all. */
export function mayActFor(caller: Caller, customerId: string): boolean {
  if (caller.scopes.includes("admin")) return true;
  if (!caller.scopes.includes("customer")) return false;
  return caller.customerId === "*" || caller.customerId === customerId;
}

/** SHA-256 of a key in hex, as API_KEYS lists it. */
export function hashApiKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

const demoKeys: readonly ApiKey[] = [
  demoKey("demo-shop", ["customer"], "*"),
  demoKey("demo-analyst", ["analyst"], null),
  demoKey("demo-admin", ["customer", "analyst", "admin"], "*"),
];

function demoKey(key: string, scopes: readonly Scope[], customerId: string | null): ApiKey {
  return { name: key, scopes, customerId, sha256: hashApiKey(key) };
}

const configuredKeys = z.array(
  z
    .strictObject({
      name: z.string().min(1).max(100),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      scopes: z.array(z.enum(["customer", "analyst", "admin"])).min(1),
      customerId: z.string().min(1).nullable().default(null),
    })
    .refine((key) => !key.scopes.includes("customer") || key.customerId !== null, {
      message: "a key of scope customer needs a customerId, or * for all",
    }),
);

/**
 * Reads API_KEYS: a JSON list, or the path of a file that holds one. The demo keys are added with
 * APP_ENV=demo and refused otherwise. Throws ConfigurationError.
 */
export function readApiKeys(options: {
  readonly API_KEYS?: string | undefined;
  readonly APP_ENV: string;
}): readonly ApiKey[] {
  const configured = parseKeys(options.API_KEYS);
  const demo = options.APP_ENV === "demo";
  const smuggled = configured.filter(({ sha256 }) => demoKeys.some((key) => key.sha256 === sha256));
  if (!demo && smuggled.length > 0) {
    throw new ConfigurationError(["API_KEYS: demo keys are accepted with APP_ENV=demo only"]);
  }
  return demo ? [...configured, ...demoKeys] : configured;
}

function parseKeys(text: string | undefined): readonly ApiKey[] {
  if (text === undefined || text === "") return [];
  try {
    const json = text.trimStart().startsWith("[") ? text : readFileSync(text, "utf8");
    return configuredKeys.parse(JSON.parse(json));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : "not JSON, not a file";
    throw new ConfigurationError([`API_KEYS: ${reason}`]);
  }
}

/** Finds the caller of a presented key; undefined when there is none. Time does not tell which. */
export type Authenticate = (key: string) => Caller | undefined;

/** Compares SHA-256 digests in constant time against every key, found or not. */
export function createAuthenticate(keys: readonly ApiKey[]): Authenticate {
  const known = keys.map((key) => ({ key, digest: Buffer.from(key.sha256, "hex") }));
  return (presented) => {
    const digest = createHash("sha256").update(presented).digest();
    let found: ApiKey | undefined;
    for (const candidate of known) {
      if (timingSafeEqual(candidate.digest, digest)) found = candidate.key;
    }
    if (found === undefined) return undefined;
    const { name, scopes, customerId } = found;
    return { name, scopes, customerId };
  };
}
