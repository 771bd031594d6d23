import { describe, expect, test } from "@jest/globals";
import type { Dashboards } from "../generate/dashboards.ts";
import { format, renderPanels, type Series } from "./panels.ts";

const panel = (parts: Partial<Dashboards[string]["panels"][number]> = {}) => ({
  title: "Lag",
  unit: "s",
  queries: { "{{group}} {{topic}}": "lag" },
  stat: false,
  mayBeEmpty: false,
  ...parts,
});

const series = (group: string, value: string): Series => ({
  metric: { group, topic: "orders" },
  value: [0, value],
});

const render = (parts: Parameters<typeof panel>[0], found: readonly Series[]) =>
  renderPanels({ one: { title: "One", panels: [panel(parts)] } }, async () => found);

describe("a panel as text", () => {
  test("has a line a series, largest first, with its legend and unit", async () => {
    const lines = await render({}, [
      series("order", "0.25"),
      series("gone", "NaN"),
      series("payment", "12.3456"),
    ]);
    expect(lines.map((line) => line.replace(/ {2,}/g, "  "))).toEqual([
      "== One ==",
      "Lag",
      "  payment orders  12.35 s",
      "  order orders  250 ms",
      "  gone orders  –",
    ]);
  });

  test("says how many series are left out", async () => {
    const many = Array.from({ length: 10 }, (_, index) => series(`g${index}`, String(index)));
    expect((await render({}, many)).at(-1)).toBe("  and 2 more");
  });

  test("is one line when everything is zero", async () => {
    const lines = await render(
      {},
      ["order", "payment", "inventory"].map((g) => series(g, "0")),
    );
    expect(lines.slice(2).map((line) => line.replace(/ {2,}/g, " "))).toEqual([
      " all 3 series 0 ms",
    ]);
  });

  test.each([
    [true, "  nothing, as it should be"],
    [false, "  NO DATA"],
  ])("without data is well or not (%s)", async (mayBeEmpty, line) => {
    expect((await render({ mayBeEmpty }, [])).at(-1)).toBe(line);
  });
});

test.each([
  [0.0123, "s", "12.3 ms"],
  [3, "ops", "3 /s"],
  [0.5, "percentunit", "50 %"],
  [5_242_880, "bytes", "5 MiB"],
  [0, "bytes", "0 B"],
  [7, "short", "7"],
])("%d in %s is %s", (value, unit, text) => {
  expect(format(value, unit)).toBe(text);
});
