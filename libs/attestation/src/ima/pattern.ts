import { Malformed } from '../malformed.ts';
import { limits } from './limits.ts';

/**
 * A pattern over whole paths, in the part of the language of regular expressions that needs no going back: literals, `.`,
 * classes such as `[a-z]` and `[^/]`, groups, `|`, `*`, `+`, `?`, and `\` before a character that is to be literal. It is
 * anchored at both ends; `^` and `$` at its ends may be written and change nothing.
 *
 * Matching follows all ways at once (Thompson's construction), so it takes at most (length of the pattern) x (length of the
 * path) steps: no pattern of a policy and no path of an evidence can make the verifier hang. Counted repetition, look-around,
 * back references and escapes such as `\d` are refused by name.
 */
export const compilePattern = (source: string): ((path: string) => boolean) => {
  if (source.length > limits.patternCharsMax) {
    throw refused(source, `${source.length} characters`, `at most ${limits.patternCharsMax}`);
  }
  const parser = new PatternParser(source.replace(/^\^/, '').replace(/(?<!\\)\$$/, ''), source);
  const start = parser.parse();
  const round = { number: 0 };
  return (path) => matches(start, path, round);
};

type Test = (char: string) => boolean;

/** A state either takes a character or splits into others without one; the accepting one has neither. */
type State = { readonly test: Test | null; readonly next: State[]; mark: number };

/** One part of a pattern: where it begins, and the states whose `next` is still to be set. */
type Part = { readonly start: State; readonly ends: readonly State[] };

const state = (test: Test | null, next: State[] = []): State => ({ test, next, mark: -1 });

/** `round` goes on from path to path, so that no state needs to be unmarked. */
const matches = (start: State, path: string, round: { number: number }): boolean => {
  const follow = (from: readonly State[]): readonly State[] => {
    round.number += 1;
    const reached: State[] = [];
    const open = [...from];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (one.mark === round.number) continue;
      one.mark = round.number;
      if (one.test === null && one.next.length > 0) open.push(...one.next);
      else reached.push(one);
    }
    return reached;
  };
  let current = follow([start]);
  for (const char of path) {
    current = follow(current.filter(({ test }) => test?.(char) === true).flatMap(({ next }) => next));
    if (current.length === 0) break;
  }
  return current.some(({ test }) => test === null);
};

class PatternParser {
  #at = 0;
  #depth = 0;
  readonly #chars: readonly string[];
  readonly #source: string;

  constructor(body: string, source: string) {
    this.#chars = [...body];
    this.#source = source;
  }

  parse(): State {
    const whole = this.#alternatives();
    if (this.#at < this.#chars.length) throw this.#refused(`")" without "("`);
    join(whole, state(null));
    return whole.start;
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#chars[this.#at] === '|') {
      this.#at += 1;
      parts.push(this.#sequence());
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return {
      start: state(
        null,
        parts.map(({ start }) => start),
      ),
      ends: parts.flatMap(({ ends }) => ends),
    };
  }

  #sequence(): Part {
    const start = state(null);
    let ends: readonly State[] = [start];
    for (let char = this.#chars[this.#at]; char !== undefined && char !== '|' && char !== ')'; ) {
      const part = this.#repeated();
      join({ start, ends }, part.start);
      ends = part.ends;
      char = this.#chars[this.#at];
    }
    return { start, ends };
  }

  #repeated(): Part {
    const part = this.#one();
    const sign = this.#chars[this.#at];
    if (sign !== '*' && sign !== '+' && sign !== '?') return part;
    this.#at += 1;
    if ('*+?'.includes(this.#chars[this.#at] ?? ' ')) throw this.#refused(`"${sign}${this.#chars[this.#at]}"`);
    const split = state(null, [part.start]);
    if (sign === '?') return { start: split, ends: [split, ...part.ends] };
    join(part, split);
    return { start: sign === '*' ? split : part.start, ends: [split] };
  }

  #one(): Part {
    const char = this.#chars[this.#at] ?? '';
    this.#at += 1;
    if (char === '(') return this.#group();
    if ('*+?{}^$]'.includes(char)) throw this.#refused(`"${char}" there; write "\\${char}" for the character`);
    const test = char === '[' ? this.#class() : char === '.' ? () => true : this.#literal(char);
    const taken = state(test);
    return { start: taken, ends: [taken] };
  }

  #group(): Part {
    if (this.#chars[this.#at] === '?') throw this.#refused('"(?"');
    this.#depth += 1;
    if (this.#depth > limits.patternDepthMax)
      throw this.#refused(`more than ${limits.patternDepthMax} groups in groups`);
    const inner = this.#alternatives();
    if (this.#chars[this.#at] !== ')') throw this.#refused('"(" without ")"');
    this.#at += 1;
    this.#depth -= 1;
    return inner;
  }

  #literal(char: string): Test {
    const wanted = char === '\\' ? this.#escaped() : char;
    return (one) => one === wanted;
  }

  #escaped(): string {
    const char = this.#chars[this.#at] ?? '';
    if (char === '' || /[a-zA-Z0-9]/.test(char)) throw this.#refused(`"\\${char}"`);
    this.#at += 1;
    return char;
  }

  #class(): Test {
    const negated = this.#chars[this.#at] === '^';
    if (negated) this.#at += 1;
    const ranges: (readonly [string, string])[] = [];
    while (this.#chars[this.#at] !== ']') {
      const low = this.#member();
      const isRange = this.#chars[this.#at] === '-' && this.#chars[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      const high = isRange ? this.#member() : low;
      if (low > high) throw this.#refused(`"${low}-${high}"`);
      ranges.push([low, high]);
    }
    this.#at += 1;
    if (ranges.length === 0) throw this.#refused('an empty class');
    return (one) => ranges.some(([low, high]) => low <= one && one <= high) !== negated;
  }

  #member(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw this.#refused('"[" without "]"');
    this.#at += 1;
    return char === '\\' ? this.#escaped() : char;
  }

  #refused(observed: string): Malformed {
    return refused(this.#source, observed, 'literals, ".", "[...]", "(...)", "|", "*", "+", "?"');
  }
}

const join = ({ ends }: Part, to: State): void => {
  for (const end of ends) end.next.push(to);
};

const refused = (source: string, observed: string, wanted: string): Malformed =>
  new Malformed('unknown-form', `pattern "${source.slice(0, 100)}"`, observed, wanted);
