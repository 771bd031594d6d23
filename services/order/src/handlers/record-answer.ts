import type { Tx } from "@holdfast/outbox";
import type { Command, Refusal } from "../domain/decide.ts";
import type { CarryOut } from "./carry-out.ts";

/** Records what another service answered about an order. Throws ImpossibleAnswer and UnknownOrder. */
export type RecordAnswer = (
  tx: Tx,
  about: { readonly orderId: string },
  command: Exclude<Command, { type: "CancelOrder" }>,
) => Promise<void>;

/** The order's state rules the answer out: somebody's fault, which no retry mends. */
export class ImpossibleAnswer extends Error {
  override readonly name = "ImpossibleAnswer";
  readonly permanent = true;
  constructor(refusal: Refusal) {
    super(`The order cannot take this answer: ${refusal}`);
  }
}

/** Makes RecordAnswer, for which a refusal is an error and not an outcome. */
export function createRecordAnswer(carryOut: CarryOut): RecordAnswer {
  return async (tx, { orderId }, command) => {
    const refusal = await carryOut(tx, orderId, command);
    if (refusal !== undefined) throw new ImpossibleAnswer(refusal);
  };
}
