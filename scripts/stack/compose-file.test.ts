import { describe, expect, test } from "@jest/globals";
import { interpolate, parseComposeFile } from "./compose-file.ts";

/** `«NAME»` stands for a variable in braces: a plain string that holds one looks like a mistake. */
const braced = (text: string) => text.replaceAll("«", "$" + "{").replaceAll("»", "}");

describe("variables", () => {
  test.each([
    ["«NAME»", { NAME: "a" }, "a"],
    ["«NAME»", {}, ""],
    ["«NAME:-b»", {}, "b"],
    ["«NAME:-b»", { NAME: "" }, "b"],
    ["«NAME-b»", { NAME: "" }, ""],
    ["«NAME:-b»", { NAME: "a" }, "a"],
    ["$«NAME»", { NAME: "a" }, "«NAME»"],
    ["# «NAME:?needed»", {}, "# «NAME:?needed»"],
  ])("%s with %j is %s", (text, variables, expected) => {
    expect(interpolate(braced(text), variables)).toBe(braced(expected));
  });

  test("a required variable that is missing is named", () => {
    expect(() => interpolate(braced("key: «SECRET:?set it»"), {})).toThrow(
      "SECRET is required: set it",
    );
  });
});

test("a later file adds to an earlier one, mappings entry by entry", () => {
  const base = `services: { a: { image: "a:1", environment: { X: "1", Y: "2" }, restart: "no" } }`;
  const added = `services: { a: { environment: { Y: "3" } }, b: { image: "b:1" } }`;
  const { services } = parseComposeFile([base, added], {});
  expect(services.get("a")).toMatchObject({ image: "a:1", environment: { X: "1", Y: "3" } });
  expect([...services.keys()]).toEqual(["a", "b"]);
});

describe("services", () => {
  const text = `
x-shared: &shared { LEVEL: info, SIZE: 3 }
services:
  a:
    image: "a:1"
    command: node --flag main.js
    environment: { <<: *shared, EMPTY: }
    ports: ["127.0.0.1:4001:80"]
    volumes: ["data:/data", "./infra:/infra:ro"]
    stop_grace_period: 25s
    healthcheck: { test: ["CMD-SHELL", "nc -z 127.0.0.1 80"] }
    x-native: { run: node, ports: { 81: 4002 } }
  b:
    image: "b:1"
    depends_on: { a: { condition: service_healthy } }
`;

  test("are read with their merged environment, ports, mounts and health check", () => {
    const a = parseComposeFile(text, {}).services.get("a");
    expect(a).toMatchObject({
      command: ["node", "--flag", "main.js"],
      environment: { LEVEL: "info", SIZE: "3", EMPTY: "" },
      ports: [{ host: "127.0.0.1", published: 4001, container: 80 }],
      mounts: [
        { source: "data", target: "/data" },
        { source: "./infra", target: "/infra" },
      ],
      healthTest: "nc -z 127.0.0.1 80",
      stopGraceMs: 25_000,
      native: { run: "node", ports: { 81: 4002 } },
    });
  });

  test("without a native block have none", () => {
    const b = parseComposeFile(text, {}).services.get("b");
    expect(b?.native).toBeNull();
    expect(b?.dependsOn).toEqual({ a: "service_healthy" });
  });

  test("that cannot be read are named with the place", () => {
    expect(() => parseComposeFile("services: { a: { image: 5 } }", {})).toThrow(
      /services\.a\.image/,
    );
    expect(() => parseComposeFile('services: { a: { image: x, ports: ["80"] } }', {})).toThrow(
      'cannot read the port "80"',
    );
  });
});

test("further instances of a service are parts of their own, on ports of their own", () => {
  const text = `
services:
  scorer:
    image: own
    ports: ["127.0.0.1:\${PORTS:-4004}:4004"]
    x-native: { run: node, instances: "\${SCORERS:-1}" }
`;
  const names = (variables: Record<string, string>) =>
    [...parseComposeFile(text, variables).services.values()].map(
      ({ name, ports }) => `${name} ${ports[0]?.published}`,
    );
  expect(names({})).toEqual(["scorer 4004"]);
  expect(names({ SCORERS: "3" })).toEqual(["scorer 4004", "scorer-2 4104", "scorer-3 4204"]);
  expect(() => names({ SCORERS: "none" })).toThrow("docker-compose.yml");
});
