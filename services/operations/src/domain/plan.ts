/** One service's database, as infra/postgres/databases.json declares it. */
export interface DatabasePlan {
  /** Also the name of the service's role. */
  readonly database: string;
  /** Folder of the service's migrations, from the repository's root. */
  readonly migrations: string;
  /** Statement that takes the demo catalogue as its one JSON parameter. */
  readonly seed?: string | undefined;
  /** Whether the service publishes through an outbox that Debezium reads. */
  readonly outbox: boolean;
  /** Tables whose row changes go to `cdc.<table>`, and columns that never leave. */
  readonly cdc?: { readonly tables: string[]; readonly excludedColumns: string[] } | undefined;
}

/** A connector that must run, with the slot it reads. */
export interface ConnectorPlan {
  readonly name: string;
  /** File in infra/connect. */
  readonly template: "outbox.json" | "cdc.json";
  readonly database: string;
  readonly slot: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** The connectors that the databases need, outbox connectors first. Slot names are server-wide. */
export function planConnectors(databases: readonly DatabasePlan[]): ConnectorPlan[] {
  const outbox = databases
    .filter((plan) => plan.outbox)
    .map(({ database }): ConnectorPlan => {
      const slot = `holdfast_outbox_${database}`;
      const variables = { database, slot };
      return { name: `outbox-${database}`, template: "outbox.json", database, slot, variables };
    });
  const cdc = databases.flatMap(({ database, cdc: captured }): ConnectorPlan[] => {
    if (captured === undefined) return [];
    const slot = `holdfast_cdc_${database}`;
    const variables = {
      database,
      slot,
      tables: captured.tables.join(","),
      excludedColumns: captured.excludedColumns.join(","),
    };
    return [{ name: `cdc-${database}`, template: "cdc.json", database, slot, variables }];
  });
  return [...outbox, ...cdc];
}

/**
 * Fills `${name}` in every value of a connector template. Placeholders that are not variables of ours
 * (`${routedByValue}` is Debezium's) stay as they are.
 */
export function fillTemplate(
  template: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  const fill = (value: string): string =>
    value.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole);
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value)]));
}
