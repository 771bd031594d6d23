// The health check of a container: exit 0 when the address answers 2xx. The image has no curl.
const [url = ""] = process.argv.slice(2);
const healthy = await fetch(url, { signal: AbortSignal.timeout(4000) }).then(
  (answer) => answer.ok,
  () => false,
);
process.exit(healthy ? 0 : 1);
