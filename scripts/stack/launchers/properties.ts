/**
 * The images of Kafka and Kafka Connect turn environment variables into properties:
 * `KAFKA_LOG_DIRS` is `log.dirs`; two underscores stand for one, three for a hyphen.
 */
export function propertiesFromEnvironment(
  environment: Readonly<Record<string, string>>,
  prefix: string,
): Map<string, string> {
  const properties = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith(prefix)) properties.set(propertyName(name.slice(prefix.length)), value);
  }
  return properties;
}

const separators: Readonly<Record<string, string>> = { ___: "-", __: "_", _: "." };

function propertyName(name: string): string {
  return name.toLowerCase().replace(/___|__|_/g, (run) => separators[run] ?? run);
}

/** The text of a .properties file, sorted by name. */
export function formatProperties(properties: ReadonlyMap<string, string>): string {
  const lines = [...properties].map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}`);
  return `${lines.sort().join("\n")}\n`;
}
