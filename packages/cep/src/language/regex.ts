/**
 * Regular expressions in time linear to the text (Thompson's simulation of an automaton), because a
 * backtracking matcher lets one crafted merchant name stop a scorer. No back-references, no
 * look-around.
 */
type Instruction =
  | { readonly op: "char"; readonly test: (code: number) => boolean }
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "start" }
  | { readonly op: "end" }
  | { readonly op: "match" };

type Regex =
  | { readonly kind: "char"; readonly test: (code: number) => boolean }
  | { readonly kind: "start" }
  | { readonly kind: "end" }
  | { readonly kind: "sequence"; readonly parts: readonly Regex[] }
  | { readonly kind: "either"; readonly options: readonly Regex[] }
  | { readonly kind: "repeat"; readonly part: Regex; readonly min: number; readonly max: number };

const maxProgram = 2_000;

class RegexFailure extends Error {}

class Parser {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Regex {
    const regex = this.#either();
    if (this.#at < this.#text.length) throw new RegexFailure(`unexpected "${this.#peek()}"`);
    return regex;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #take(): string {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new RegexFailure("it ends too early");
    return char;
  }

  #either(): Regex {
    const options = [this.#sequence()];
    while (this.#peek() === "|") {
      this.#at++;
      options.push(this.#sequence());
    }
    return options.length === 1 && options[0] !== undefined
      ? options[0]
      : { kind: "either", options };
  }

  #sequence(): Regex {
    const parts: Regex[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; ) {
      parts.push(this.#repeated(this.#atom()));
      next = this.#peek();
    }
    return { kind: "sequence", parts };
  }

  #repeated(part: Regex): Regex {
    const counts = this.#counts();
    if (counts === undefined) return part;
    if (this.#peek() === "?") this.#at++;
    if (this.#counts() !== undefined) throw new RegexFailure("nothing to repeat");
    return { kind: "repeat", part, ...counts };
  }

  #counts(): { min: number; max: number } | undefined {
    const rest = this.#text.slice(this.#at);
    const match = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/.exec(rest);
    if (match === null) return undefined;
    this.#at += match[0].length;
    if (match[0] === "*") return { min: 0, max: Number.POSITIVE_INFINITY };
    if (match[0] === "+") return { min: 1, max: Number.POSITIVE_INFINITY };
    if (match[0] === "?") return { min: 0, max: 1 };
    const min = Number(match[1]);
    if (match[2] === undefined) return { min, max: min };
    const max = match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (max < min) throw new RegexFailure("a repetition runs backwards");
    return { min, max };
  }

  #atom(): Regex {
    const char = this.#take();
    if (char === "(") return this.#group();
    if (char === "[") return { kind: "char", test: this.#class() };
    if (char === ".") return { kind: "char", test: (code) => code !== 10 };
    if (char === "^") return { kind: "start" };
    if (char === "$") return { kind: "end" };
    if (char === "\\") return { kind: "char", test: this.#escape() };
    if ("*+?{".includes(char)) throw new RegexFailure("nothing to repeat");
    return { kind: "char", test: (code) => code === char.charCodeAt(0) };
  }

  #group(): Regex {
    if (this.#text.startsWith("?:", this.#at)) this.#at += 2;
    else if (this.#peek() === "?") throw new RegexFailure("look-around is not supported");
    const inner = this.#either();
    if (this.#peek() !== ")") throw new RegexFailure('")" is missing');
    this.#at++;
    return inner;
  }

  #escape(): (code: number) => boolean {
    const char = this.#take();
    const shorthand = shorthands[char.toLowerCase()];
    if (shorthand !== undefined) {
      return char === char.toLowerCase() ? shorthand : (code) => !shorthand(code);
    }
    if (/[0-9a-zA-Z]/.test(char)) throw new RegexFailure(`"\\${char}" is not supported`);
    return (code) => code === char.charCodeAt(0);
  }

  #class(): (code: number) => boolean {
    const negated = this.#peek() === "^";
    if (negated) this.#at++;
    const tests: ((code: number) => boolean)[] = [];
    while (this.#peek() !== "]" || tests.length === 0) tests.push(this.#classItem());
    this.#at++;
    return (code) => tests.some((test) => test(code)) !== negated;
  }

  #classItem(): (code: number) => boolean {
    const first = this.#take();
    if (first === "\\") return this.#escape();
    const low = first.charCodeAt(0);
    const ranged = this.#peek() === "-" && this.#text[this.#at + 1] !== "]";
    if (!ranged) return (code) => code === low;
    this.#at++;
    const high = this.#take().charCodeAt(0);
    if (high < low) throw new RegexFailure("a range runs backwards");
    return (code) => code >= low && code <= high;
  }
}

const shorthands: Readonly<Record<string, (code: number) => boolean>> = {
  d: (code) => code >= 48 && code <= 57,
  w: (code) => /\w/.test(String.fromCharCode(code)),
  s: (code) => /\s/.test(String.fromCharCode(code)),
};

function emit(regex: Regex, program: Instruction[]): void {
  if (program.length > maxProgram) throw new RegexFailure("it is too large");
  switch (regex.kind) {
    case "char":
      program.push({ op: "char", test: regex.test });
      return;
    case "start":
    case "end":
      program.push({ op: regex.kind });
      return;
    case "sequence":
      for (const part of regex.parts) emit(part, program);
      return;
    case "either":
      emitEither(regex.options, program);
      return;
    case "repeat":
      emitRepeat(regex, program);
  }
}

function emitEither(options: readonly Regex[], program: Instruction[]): void {
  const [first, ...rest] = options;
  if (first === undefined) return;
  if (rest.length === 0) {
    emit(first, program);
    return;
  }
  const split = { op: "split" as const, first: program.length + 1, second: 0 };
  program.push(split);
  emit(first, program);
  const jump = { op: "jump" as const, to: 0 };
  program.push(jump);
  split.second = program.length;
  emitEither(rest, program);
  jump.to = program.length;
}

function emitRepeat(regex: Extract<Regex, { kind: "repeat" }>, program: Instruction[]): void {
  const { part, min, max } = regex;
  for (let i = 0; i < min; i++) emit(part, program);
  if (max === Number.POSITIVE_INFINITY) {
    const split = { op: "split" as const, first: program.length + 1, second: 0 };
    program.push(split);
    emit(part, program);
    program.push({ op: "jump", to: program.indexOf(split) });
    split.second = program.length;
    return;
  }
  if (min >= max) return;
  const split = { op: "split" as const, first: program.length + 1, second: 0 };
  program.push(split);
  emit({ kind: "repeat", part, min: 1, max: max - min }, program);
  split.second = program.length;
}

function compile(text: string): readonly Instruction[] {
  const program: Instruction[] = [];
  emit(new Parser(text).parse(), program);
  program.push({ op: "match" });
  return program;
}

/** Why a pattern cannot be used, as a sentence; `undefined` when it can. */
export function regexProblem(text: string): string | undefined {
  try {
    compile(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof RegexFailure)) throw error;
    return `"${text}" is no usable regular expression: ${error.message}.`;
  }
}

/** A matcher that searches the pattern anywhere in a text, as CEL's `matches` does. */
export function compileRegex(text: string): (subject: string) => boolean {
  const program = compile(text);
  return (subject) => search(program, subject);
}

function search(program: readonly Instruction[], subject: string): boolean {
  let threads = new Set<number>();
  for (let at = 0; at <= subject.length; at++) {
    if (follow(program, 0, { at, length: subject.length, threads })) return true;
    const next = new Set<number>();
    const code = subject.charCodeAt(at);
    if (at === subject.length) return false;
    for (const pc of threads) {
      const instruction = program[pc];
      if (instruction?.op !== "char" || !instruction.test(code)) continue;
      if (follow(program, pc + 1, { at: at + 1, length: subject.length, threads: next }))
        return true;
    }
    threads = next;
  }
  return false;
}

type Position = { readonly at: number; readonly length: number; readonly threads: Set<number> };

/** Adds a thread with all it reaches without reading; true when that includes the match. */
function follow(program: readonly Instruction[], from: number, position: Position): boolean {
  const stack = [from];
  for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
    if (position.threads.has(pc)) continue;
    position.threads.add(pc);
    const instruction = program[pc];
    if (instruction?.op === "match") return true;
    if (instruction?.op === "jump") stack.push(instruction.to);
    if (instruction?.op === "split") stack.push(instruction.second, instruction.first);
    if (instruction?.op === "start" && position.at === 0) stack.push(pc + 1);
    if (instruction?.op === "end" && position.at === position.length) stack.push(pc + 1);
  }
  return false;
}
