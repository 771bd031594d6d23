/** Another process owns the partition's state: nothing more may be published or written. */
export class Fenced extends Error {
  override readonly name = "Fenced";
  /** Whether reading or writing met the fence. */
  readonly reason: "load" | "write";

  constructor(
    reason: "load" | "write",
    at: { partition: number; epoch: number; foreignEpoch: number },
  ) {
    super(`Partition ${at.partition} is of epoch ${at.foreignEpoch}, this process had ${at.epoch}`);
    this.reason = reason;
  }
}
