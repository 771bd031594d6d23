import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Tools } from "./launch.ts";

/**
 * Flags for a quick start on few cores: one garbage collector thread, the fast compiler only, and
 * an archive of parsed classes that the first stop writes and each later start maps.
 */
export async function jvmFlags(tools: Tools, part: string): Promise<string[]> {
  const folder = join(tools.cache, "class-archives");
  await mkdir(folder, { recursive: true });
  return [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+AutoCreateSharedArchive",
    `-XX:SharedArchiveFile=${join(folder, `${part}-${basename(tools.javaHome)}.jsa`)}`,
    "-Xlog:cds=off",
    "-Xlog:cds+dynamic=off",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
  ];
}

export function javaProgram(tools: Tools): string {
  return join(tools.javaHome, "bin/java");
}

/** Splits `-Xms1g -Xmx1g` as a shell would; quotes are not understood. */
export function options(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
