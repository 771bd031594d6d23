/**
 * The database's URL with commits that do not wait for the disk. Safe for the scorer alone: state and
 * position are written together, so a crash of Postgres can only set both back to an earlier moment
 * of the log, from where the same outputs are made again under the same ids. Taking a partition over
 * waits for the disk all the same.
 */
export function sessionUrl(url: string): string {
  const session = new URL(url);
  const options = session.searchParams.get("options");
  const setting = "-c synchronous_commit=off";
  session.searchParams.set("options", options === null ? setting : `${options} ${setting}`);
  return session.toString();
}
