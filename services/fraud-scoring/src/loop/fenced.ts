/** Another process owns the partition's state: nothing more may be published or written. */
export class Fenced extends Error {
  override readonly name = "Fenced";
  /** Whether reading or writing met the fence. */
  readonly reason: "load" | "write";
  /** False when the database itself went back to an earlier moment, as after a crash. */
  readonly isForeign: boolean;

  constructor(
    reason: "load" | "write",
    at: { partition: number; epoch: number; foreignEpoch: number },
  ) {
    const isForeign = at.foreignEpoch !== at.epoch;
    super(
      isForeign
        ? `Partition ${at.partition} is of epoch ${at.foreignEpoch}, this process had ${at.epoch}`
        : `Partition ${at.partition} stands where this process did not leave it`,
    );
    this.reason = reason;
    this.isForeign = isForeign;
  }
}
