/**
 * Fetches the Java programs by Maven, once, into the cache. A stamp with the digest of
 * infra/native/pom.xml says that they are whole; a changed version there fetches anew.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runToEnd } from "./run-to-end.ts";

/** Called as the fetch goes on: files so far, megabytes so far, what came last. */
export type FetchProgress = (files: number, megabytes: number, last: string) => void;

export interface Artifacts {
  readonly root: string;
  readonly cache: string;
  /** The program; found on the PATH when it is a bare name. */
  readonly maven: string;
}

/** Resolves with the folder of the unpacked programs. At once when they are there. */
export async function fetchArtifacts(
  { root, cache, maven }: Artifacts,
  progress: FetchProgress,
): Promise<string> {
  const pom = join(root, "infra/native/pom.xml");
  const digest = createHash("sha256")
    .update(await readFile(pom))
    .digest("hex");
  const parts = join(cache, "parts");
  const stamp = join(cache, "parts.sha256");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === digest) return parts;
  await rm(parts, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  await runToEnd(maven, ["-B", "-f", pom, `-Dparts=${parts}`, "process-resources"], {
    onLine: downloadCounter(progress),
  });
  await writeFile(stamp, digest);
  return parts;
}

const units: Readonly<Record<string, number>> = { B: 1e-6, kB: 1e-3, MB: 1 };

function downloadCounter(progress: FetchProgress): (line: string) => void {
  let files = 0;
  let megabytes = 0;
  return (line) => {
    const match = /(Downloading|Downloaded) from \S+ \S*\/(\S+)(?: \(([\d.]+) (B|kB|MB))?/.exec(
      line,
    );
    if (!match) return;
    if (match[1] === "Downloaded") {
      files++;
      megabytes += Number(match[3] ?? 0) * (units[match[4] ?? ""] ?? 0);
    }
    progress(files, megabytes, match[2] ?? "");
  };
}
