import { StateFormatError } from "./bytes.ts";

/** Brings a stored state of one format to the next: bytes in, new bytes out, nothing else. */
export type Upgrade = {
  readonly from: number;
  readonly apply: (bytes: Uint8Array) => Uint8Array;
};

/**
 * The way from each released format to the present one, oldest first. Whoever raises the format puts
 * the step from the one before here, which reads the bytes by itself: the codec knows the present
 * format alone. Format 1 was given up before the first release: what it says of sums is not enough.
 */
export const upgrades: readonly Upgrade[] = [];

/** The present format with the way to it. */
export type Formats = { readonly present: number; readonly upgrades: readonly Upgrade[] };

/**
 * A stored state in the present format, whose number is its first byte. Throws
 * {@link StateFormatError} for a newer format, and for an older one without a way to the present.
 */
export function upgraded(bytes: Uint8Array, formats: Formats): Uint8Array {
  const { present } = formats;
  let current = bytes;
  for (let format = formatOf(current); format !== present; format = formatOf(current)) {
    const step = formats.upgrades.find(({ from }) => from === format);
    if (step === undefined || format > present)
      throw new StateFormatError(refusal(format, present));
    current = step.apply(current);
    if (formatOf(current) <= format) throw new RangeError(`The upgrade of format ${format} stays.`);
  }
  return current;
}

function formatOf(bytes: Uint8Array): number {
  const [format] = bytes;
  if (format === undefined) throw new StateFormatError("A stored state is empty.");
  return format;
}

function refusal(format: number, present: number): string {
  return format > present
    ? `The state has format ${format}, this engine knows formats up to ${present}: it is too old.`
    : `The state has format ${format}, from which no upgrade leads to format ${present}.`;
}
