import type { RunFile } from "./run-file.ts";

/** What a person needs to know once everything is up: addresses, keys, first steps, how to end it. */
export function welcome(file: RunFile, detached: boolean): string {
  return [
    "",
    "Holdfast is up.",
    "",
    ...addressLines(file),
    "",
    ...keyLines(file),
    ...tryLines(file),
    detached
      ? "Stop it with: npm run stop"
      : "Stop it with Ctrl-C, or npm run stop from elsewhere.",
    "",
  ].join("\n");
}

function addressLines(file: RunFile): string[] {
  const paths: Readonly<Record<string, string>> = { zipkinUrl: "/zipkin/" };
  const ours = (name: string) => !(name in titles);
  const names = Object.keys(file.addresses);
  return [...names.filter(ours).sort(), ...names.filter((name) => !ours(name))].map(
    (name) => `  ${(titles[name] ?? name).padEnd(18)} ${file.addresses[name]}${paths[name] ?? ""}`,
  );
}

const titles: Readonly<Record<string, string>> = {
  postgresAdminUrl: "Postgres",
  kafkaBrokers: "Kafka",
  connectUrl: "Kafka Connect",
  schemaRegistryUrl: "schema registry",
  zipkinUrl: "traces (Zipkin)",
  jaegerUrl: "traces (Jaeger)",
};

function keyLines(file: RunFile): string[] {
  if (!file.addresses["order"]) return [];
  return [
    "Demo API keys (Authorization: Bearer …):",
    "  demo-shop       a shop's backend: orders, payment methods",
    "  demo-analyst    a fraud analyst: reviews, alerts",
    "  demo-admin      everything",
    "",
  ];
}

function tryLines(file: RunFile): string[] {
  const { order, payment } = file.addresses;
  if (!order || !payment) return [];
  return [
    "Try:",
    `  curl -s ${order}/products -H 'Authorization: Bearer demo-shop'`,
    "",
    `  curl -si ${order}/orders -H 'Authorization: Bearer demo-shop' \\`,
    `    -H 'Content-Type: application/json' -H "Idempotency-Key: $RANDOM$RANDOM" \\`,
    `    -d '{"customerId":"cust_demo_001","paymentMethodId":"pm_demo_001","currency":"USD","items":[{"sku":"SKU-CAMERA","quantity":1}]}'`,
    "",
    `  curl -s '${payment}/payments?status=held' -H 'Authorization: Bearer demo-analyst'`,
    "",
    "Send that order four times within a minute: the third and the fourth are held, and one alert is raised.",
    "Watch alerts, or let a shop full of customers order:",
    "  npm run alerts",
    "  npm run traffic -- --rate 20 --minutes 2",
    "",
  ];
}
