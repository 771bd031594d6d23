/** jest globalTeardown of the end-to-end tests: ends what start-suite.ts started, nothing else. */
export default async function stopSuite(): Promise<void> {
  await globalThis.suite?.stop();
}
