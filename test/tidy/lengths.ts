import { blankText } from './blank.ts';
import type { Finding, Source } from './sources.ts';

export const fileLinesMax = 200;
/** A spec is a list of cases around one thing to set up: it may be longer before it stops being one. */
export const specLinesMax = 320;
export const functionLinesMax = 50;

/** Files that are longer, each with the reason why a split would read worse. */
export const longFiles: ReadonlyMap<string, string> = new Map([]);

/** Functions that are longer, by file: each is one exhaustive switch that reads as a table, a case per event. */
export const longSwitches: ReadonlySet<string> = new Set(['libs/domain/src/vm/evolve.ts']);

/** Files of more than {@link fileLinesMax} lines (specs {@link specLinesMax}), and functions with more than {@link functionLinesMax} lines of their own. */
export const checkLengths = (sources: readonly Source[]): readonly Finding[] =>
  sources
    .filter(({ path }) => path.endsWith('.ts') && !longFiles.has(path))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n').length - 1;
      const linesMax = path.endsWith('.spec.ts') ? specLinesMax : fileLinesMax;
      const tooLong: readonly Finding[] =
        lines > linesMax
          ? [{ path, line: lines, detail: `has ${lines} lines; ${linesMax} are enough for one concept: split it` }]
          : [];
      return [...tooLong, ...longFunctions({ path, text })];
    });

const longFunctions = ({ path, text }: Source): readonly Finding[] => {
  const lines = text.split('\n');
  // A group of tests is a heading with a list under it, not a function somebody has to follow.
  const isGroup = (line: number): boolean => /\bdescribe(\.each\(.*\))?\(/.test(lines[line - 1] ?? '');
  return functionsOf(blankText(text))
    .filter(({ line, ownLines }) => ownLines > functionLinesMax && !isGroup(line) && !longSwitches.has(path))
    .map(({ line, ownLines }) => ({
      path,
      line,
      detail: `begins a function of ${ownLines} lines; ${functionLinesMax} are the most: name a part of it`,
    }));
};

type Fn = { readonly line: number; readonly ownLines: number };
type Open = { readonly isFunction: boolean; readonly line: number; nestedLines: number };

/**
 * Functions with a body in braces. Lines of a function inside another count for the inner one only, so that a factory
 * is measured by what it does itself.
 */
export const functionsOf = (code: string): readonly Fn[] => {
  const found: Fn[] = [];
  const open: Open[] = [];
  let line = 1;
  for (let at = 0; at < code.length; at += 1) {
    const one = code.charAt(at);
    if (one === '\n') line += 1;
    if (one === '{') open.push({ isFunction: opensFunction(code, at), line, nestedLines: 0 });
    if (one !== '}') continue;
    const closed = open.pop();
    if (closed === undefined) continue;
    const lines = line - closed.line + 1;
    const outer = open.at(-1);
    if (closed.isFunction) found.push({ line: closed.line, ownLines: lines - closed.nestedLines });
    if (outer !== undefined) outer.nestedLines += closed.isFunction ? lines - 1 : closed.nestedLines;
  }
  return found;
};

const BLOCKS: ReadonlySet<string> = new Set(['if', 'for', 'while', 'switch', 'catch', 'with']);

const opensFunction = (code: string, brace: number): boolean => {
  const before = code.slice(Math.max(0, brace - 300), brace).trimEnd();
  if (before.endsWith('=>')) return true;
  const close = before.endsWith(')') ? before.length - 1 : (/\)(?=\s*:[\w\s<>[\]|&,.'"]+$)/.exec(before)?.index ?? -1);
  if (close === -1) return false;
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (before.charAt(at) === ')') depth += 1;
    if (before.charAt(at) === '(') depth -= 1;
    if (depth === 0) return !BLOCKS.has(/(\w+)\s*$/.exec(before.slice(0, at))?.[1] ?? '');
  }
  return false;
};
