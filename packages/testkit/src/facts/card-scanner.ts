/** Finds known card numbers in text, however they were written down. */
export interface CardScanner {
  /** The encodings in which a card number occurs; bytes are passed as latin1 text. */
  scan(text: string): readonly string[];
}

interface Needle {
  readonly encoding: string;
  readonly text: string;
}

const prefixLength = 8;

/**
 * Looks for each number as plain, spaced, hyphenated and reversed digits, in hexadecimal and in
 * base64 at each of its three alignments. Numbers that begin alike are found in one pass.
 */
export function createCardScanner(numbers: readonly string[]): CardScanner {
  const byPrefix = Map.groupBy(numbers.flatMap(needlesOf), ({ text }) =>
    text.slice(0, prefixLength),
  );
  return {
    scan: (text) => {
      const found = new Set<string>();
      for (const [prefix, needles] of byPrefix) {
        for (let at = text.indexOf(prefix); at >= 0; at = text.indexOf(prefix, at + 1)) {
          for (const needle of needles) {
            if (text.startsWith(needle.text, at)) found.add(needle.encoding);
          }
        }
      }
      return [...found];
    },
  };
}

function needlesOf(number: string): Needle[] {
  const groups = number.match(/.{1,4}/g) ?? [];
  // An alignment fixes only whole groups of three digits: the characters around them mix with
  // whatever stands next to the number.
  const base64 = [0, 2, 1].map((skipped) => {
    const whole = number.slice(skipped);
    return Buffer.from(whole.slice(0, whole.length - (whole.length % 3))).toString("base64");
  });
  return [
    { encoding: "digits", text: number },
    { encoding: "digits with spaces", text: groups.join(" ") },
    { encoding: "digits with hyphens", text: groups.join("-") },
    { encoding: "digits backwards", text: [...number].reverse().join("") },
    { encoding: "hexadecimal", text: Buffer.from(number).toString("hex") },
    ...base64.map((text) => ({ encoding: "base64", text })),
  ];
}
