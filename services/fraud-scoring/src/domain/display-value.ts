import type { Stream, Value } from "@holdfast/cep";

/**
 * How a value that a rule saw reads to a person. What is money is told by the expression: it names
 * a money field, and not to count it. Money is a decimal in the base currency.
 */
export function displayer(
  stream: Pick<Stream, "fields">,
  minorDigits: number,
): (name: string, value: Value) => string {
  const moneyFields = stream.fields.filter(({ type }) => type === "money").map(({ name }) => name);
  const known = new Map<string, boolean>();
  const isMoney = (expression: string): boolean => {
    const found = known.get(expression);
    if (found !== undefined) return found;
    const named = expression.replace(/\b(count|distinct|size)\([^)]*\)/g, "").split(/\W+/);
    const answer = moneyFields.some((field) => named.includes(field));
    known.set(expression, answer);
    return answer;
  };
  return (name, value) => {
    if (value === undefined) return "missing";
    if (typeof value !== "number" || !isMoney(name)) return String(value);
    return (value / 10 ** minorDigits).toFixed(minorDigits);
  };
}
