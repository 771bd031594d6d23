import type { KafkaOptions } from "./kafka.ts";

const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"] as const;

/** How a process proves to the brokers who it is, as environment variables say it. */
export interface KafkaSecurityVariables {
  /** "true": TLS, with the certificates that Node trusts (NODE_EXTRA_CA_CERTS adds one). */
  readonly KAFKA_SSL?: string | undefined;
  /** plain, scram-sha-256 or scram-sha-512, which is the default. */
  readonly KAFKA_SASL_MECHANISM?: string | undefined;
  /** The principal; without one there is no SASL. */
  readonly KAFKA_SASL_USERNAME?: string | undefined;
  readonly KAFKA_SASL_PASSWORD?: string | undefined;
}

/** The options of a client that they mean. An empty variable counts as none. Throws on half a login. */
export function kafkaSecurity(
  variables: KafkaSecurityVariables,
): Pick<KafkaOptions, "ssl" | "sasl"> {
  const { KAFKA_SSL, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = variables;
  const ssl = KAFKA_SSL === "true" ? { ssl: true } : {};
  if (!KAFKA_SASL_USERNAME && !KAFKA_SASL_PASSWORD) return ssl;
  if (!KAFKA_SASL_USERNAME) throw new Error("KAFKA_SASL_USERNAME is missing");
  if (!KAFKA_SASL_PASSWORD) throw new Error("KAFKA_SASL_PASSWORD is missing");
  const mechanism = mechanismOf(variables.KAFKA_SASL_MECHANISM || "scram-sha-512");
  return {
    ...ssl,
    sasl: { mechanism, username: KAFKA_SASL_USERNAME, password: KAFKA_SASL_PASSWORD },
  };
}

function mechanismOf(name: string): (typeof mechanisms)[number] {
  const mechanism = mechanisms.find((one) => one === name.toLowerCase());
  if (mechanism === undefined) {
    throw new Error(`KAFKA_SASL_MECHANISM must be one of ${mechanisms.join(", ")}`);
  }
  return mechanism;
}
