import { type StartedStack, startStack } from "@holdfast/testkit";

/** What tells a command which run of the suite it works in. */
export type Surroundings = Readonly<Record<string, string>>;

/** At most one whole suite at a time, for the steps that share it. */
export class SharedSuite {
  #running: { readonly name: string; readonly stack: StartedStack } | undefined;

  /** Has the suite of this name run, or none for null. Rejects when it cannot start. */
  async change(name: string | null): Promise<Surroundings> {
    if (this.#running?.name !== name) await this.stop();
    if (name === null) return {};
    this.#running ??= { name, stack: await startStack({ name, only: null }) };
    return { HOLDFAST_TEST_STACK: this.#running.stack.runFile, HOLDFAST_RUN: name };
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stack.stop();
  }
}
