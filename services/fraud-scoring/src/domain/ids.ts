import { hash } from "node:crypto";

const decisionNamespace = namespaceOf("6c1f0f0e-5d63-5c0b-9d0c-7f5a3f0c2b11");
const alertNamespace = namespaceOf("b7a4f3d2-1c52-5a8e-8a64-2f9d6e3b5c07");

/** The id of the decision on an event: UUIDv5 of the event's id. */
export function decisionIdOf(eventId: string): string {
  return uuidV5(decisionNamespace, eventId);
}

/** What names an alert: repeated work raises the same alert, a correction another one. */
export interface AlertIdentity {
  readonly ruleId: string;
  readonly version: number;
  readonly card: string;
  readonly matchId: string;
  readonly phase: "EARLY" | "FINAL";
  /** 0 for the first statement about the match, then counted up. */
  readonly revision: number;
}

/** The id of an alert: UUIDv5 of rule, version, card, match, phase and, of a correction, revision. */
export function alertIdOf(alert: AlertIdentity): string {
  const { ruleId, version, card, matchId, phase, revision } = alert;
  const name = [ruleId, version, card, matchId, phase, ...(revision > 0 ? [revision] : [])];
  return uuidV5(alertNamespace, JSON.stringify(name));
}

function namespaceOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll("-", ""), "hex");
}

const maxNameBytes = 4_096;
const scratch = Buffer.allocUnsafe(16 + maxNameBytes);

/** RFC 9562 §5.5, in one call of the hash and without a new buffer: it runs for every payment. */
function uuidV5(namespace: Buffer, name: string): string {
  const digits = hash("sha1", namespaced(namespace, name), "hex");
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

function namespaced(namespace: Buffer, name: string): Buffer {
  // A character takes three bytes at most, a pair of surrogates four.
  if (3 * name.length > maxNameBytes) return Buffer.concat([namespace, Buffer.from(name)]);
  scratch.set(namespace);
  return scratch.subarray(0, 16 + scratch.write(name, 16));
}
