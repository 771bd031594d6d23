/**
 * Postgres refuses to run as root. Where we are root (a container, a CI machine) it runs as the
 * system's `postgres` or `nobody`, in folders which that user can reach: a checkout under /root
 * is closed to others, so its data and programs then lie under the machine's temporary folder.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Null when we are not root: then everything runs as ourselves. */
export async function unprivilegedUser(): Promise<User | null> {
  if (process.getuid?.() !== 0) return null;
  const accounts = (await readFile("/etc/passwd", "utf8"))
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const account = accounts.find(([own]) => own === name);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error(
    "Postgres cannot run as root, and this machine has neither a user postgres nor nobody",
  );
}

/** The folder itself, made and owned by `user`, or its stand-in that `user` can reach. */
export async function reachableFolder(folder: string, user: User | null): Promise<string> {
  const place = await reachablePlace(folder, user);
  await mkdir(place, { recursive: true });
  await chmod(place, 0o700);
  if (user) await chown(place, user.uid, user.gid);
  return place;
}

/** `folder` when `user` can read it there, else a copy of it; `name` tells copies apart. */
export async function reachableCopy(
  folder: string,
  name: string,
  user: User | null,
): Promise<string> {
  if ((await reachablePlace(folder, user)) === folder) return folder;
  const copy = await reachablePlace(name, user);
  if (!existsSync(join(copy, "bin"))) {
    await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}

/** Where data that belongs to `folder` lies for `user`; the same answer each time. */
export async function reachablePlace(folder: string, user: User | null): Promise<string> {
  if (!user || (await isReachable(dirname(folder)))) return folder;
  const mark = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return join("/var/tmp", `holdfast-${mark}`);
}

async function isReachable(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const mode = await stat(at).then(
      (found) => found.mode,
      () => 0o755,
    ); // not made yet: ours to open
    if ((mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
