import { codeOf, isTest, isTypeScript, type SourceFile } from "./source-tree.ts";

/** A function with a body in braces. */
export interface FunctionLength {
  readonly path: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly lines: number;
}

const FUNCTION = /\bfunction\b|=> \{$/;
const METHOD = /^(?:(?:static|async|get|set) )*(?:\*?[#\w]+|constructor)(?:<.*>)?\(.*\).*\{$/;
const STATEMENT = /^(?:if|for|while|switch|catch|return|else|\} )/;

const indentOf = (line: string): number => line.length - line.trimStart().length;

/**
 * The functions of production code, inner ones too. It goes by the indentation that the formatter
 * guarantees: what opens with a brace ends at the next line as far to the left.
 */
export function functionLengths(files: readonly SourceFile[]): FunctionLength[] {
  return files
    .filter((file) => isTypeScript(file) && !isTest(file))
    .flatMap(({ path, lines }) =>
      lines.flatMap((text, index) => {
        if (!codeOf(text).endsWith("{")) return [];
        const begin = headOf(lines, index);
        const head = lines.slice(begin, index + 1).map((line) => line.trim());
        if (!isFunction(head.join(" "))) return [];
        const indent = indentOf(text);
        const length = lines
          .slice(index + 1)
          .findIndex((line) => line !== "" && indentOf(line) <= indent);
        return [{ path, line: begin + 1, lines: index - begin + length + 2 }];
      }),
    );
}

/** The line on which a head begins that may end, many parameters later, with `): T {`. */
function headOf(lines: readonly string[], end: number): number {
  if (!/^\s*[)}\]]/.test(lines[end] ?? "")) return end;
  const indent = indentOf(lines[end] ?? "");
  return lines.findLastIndex(
    (line, index) => index < end && line !== "" && indentOf(line) <= indent,
  );
}

const isFunction = (head: string): boolean =>
  FUNCTION.test(head) || (METHOD.test(head) && !STATEMENT.test(head));
