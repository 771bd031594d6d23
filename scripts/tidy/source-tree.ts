import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text file of the repository, as it is in the work tree. */
export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

const TEXT =
  /\.(ts|mjs|js|json|ya?ml|sql|md|avsc|sh|xml|properties)$|(^|\/)(Dockerfile|\.ci\/run)$/;

/** Every text file that git tracks or would track, except the lockfile and generated code. */
export function readSourceTree(root: string): SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  return listed
    .split("\n")
    .filter((path) => TEXT.test(path) && path !== "package-lock.json")
    .filter((path) => !path.includes("/generated/") && existsSync(join(root, path)))
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, lines: text.split("\n") };
    });
}

/** The code of a line: without a trailing comment, empty inside a block comment. */
export function codeOf(line: string): string {
  const trimmed = line.trimStart();
  if (trimmed.startsWith("*") || trimmed.startsWith("/*") || trimmed.startsWith("//")) return "";
  return line.replace(/\s\/\/ .*$/, "");
}

export const isTypeScript = (file: SourceFile): boolean => file.path.endsWith(".ts");

export const isTest = (file: SourceFile): boolean =>
  /\.test\.ts$|\/testing\//.test(file.path) || file.path.startsWith("e2e/");
