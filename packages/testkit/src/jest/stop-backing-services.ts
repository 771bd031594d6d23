/** jest globalTeardown of the integration tests: ends what start-backing-services.ts started, nothing else. */
export default async function stopBackingServices(): Promise<void> {
  await globalThis.backingServices?.stop();
}
