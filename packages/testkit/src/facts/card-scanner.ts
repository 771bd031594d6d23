/** Finds known card numbers in text, however they were written down. */
export interface CardScanner {
  /** What occurs in the text, each once; bytes are passed as latin1 text. */
  scan(text: string): readonly CardFinding[];
}

/** A card number that was found, by what may be shown of it, or a security code. */
export interface CardFinding {
  /** First six and last four digits; empty for a security code. */
  readonly card: string;
  readonly encoding: string;
}

interface Needle extends CardFinding {
  readonly text: string;
}

const prefixLength = 8;

/**
 * Looks for each number as plain, spaced, hyphenated and reversed digits, in hexadecimal and in
 * base64 at each of its three alignments. Numbers that begin alike are found in one pass. A security
 * code is so short that it is found only where it is one: as a whole string, in JSON or Avro, or
 * behind its name.
 */
export function createCardScanner(
  numbers: readonly string[],
  securityCodes: readonly string[] = [],
): CardScanner {
  const codes = securityCodes.map(securityCodePattern);
  const byPrefix = Map.groupBy(numbers.flatMap(needlesOf), ({ text }) =>
    text.slice(0, prefixLength),
  );
  return {
    scan: (text) => {
      const found = new Set<CardFinding>();
      for (const [prefix, needles] of byPrefix) {
        for (let at = text.indexOf(prefix); at >= 0; at = text.indexOf(prefix, at + 1)) {
          for (const needle of needles) {
            if (text.startsWith(needle.text, at)) found.add(needle);
          }
        }
      }
      if (codes.some((code) => code.test(text))) found.add(securityCode);
      return [...found].map(({ card, encoding }) => ({ card, encoding }));
    },
  };
}

const securityCode: CardFinding = { card: "", encoding: "security code" };

function securityCodePattern(code: string): RegExp {
  const avroString = String.fromCharCode(2 * code.length) + code;
  return new RegExp(`"${code}\\\\?"|(?:cvc|cvv|code)\\W{0,8}${code}\\b|${avroString}`, "i");
}

function needlesOf(number: string): Needle[] {
  const groups = number.match(/.{1,4}/g) ?? [];
  // An alignment fixes only whole groups of three digits: the characters around them mix with
  // whatever stands next to the number.
  const base64 = [0, 2, 1].map((skipped) => {
    const whole = number.slice(skipped);
    return Buffer.from(whole.slice(0, whole.length - (whole.length % 3))).toString("base64");
  });
  const card = `${number.slice(0, 6)}…${number.slice(-4)}`;
  const needles = [
    { encoding: "digits", text: number },
    { encoding: "digits with spaces", text: groups.join(" ") },
    { encoding: "digits with hyphens", text: groups.join("-") },
    { encoding: "digits backwards", text: [...number].reverse().join("") },
    { encoding: "hexadecimal", text: Buffer.from(number).toString("hex") },
    ...base64.map((text) => ({ encoding: "base64", text })),
  ];
  return needles.map((needle) => ({ card, ...needle }));
}
