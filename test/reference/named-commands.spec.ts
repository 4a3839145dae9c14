import { globSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { problemFixes } from '#edge';
import { systemCli } from '../../apps/cli/src/cli.ts';
import { takes } from '../../apps/cli/src/conventions/tree.ts';
import { heavyNouns } from '../../apps/cli/src/heavy-nouns.ts';
import { buildProgram } from '../../apps/cli/src/program.ts';
import { nameOf } from './cli-page.ts';

const program = buildProgram(systemCli(), heavyNouns);

const childOf = (command: Command, word: string): Command | undefined =>
  command.commands.find((child) => child.name() === word || child.aliases().includes(word));

/** What is wrong with each command line that a text names: a verb or an option that there is not. */
const faultsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\bhcc((?: --?[a-z][a-z\d-]*| [\w./<>~:=-]+|(?:\|[a-z-]+))+)/g)].flatMap(([line, rest = '']) => {
    const words = rest.trim().split(' ');
    // "ls|show" names two.
    return (words[1] ?? '').split('|').flatMap((verb) => faultOf([words[0] ?? '', verb, ...words.slice(2)], line));
  });

const faultOf = (words: readonly string[], line: string): readonly string[] => {
  let command: Command = program;
  for (const word of words) {
    if (command.commands.length === 0) break;
    const child = childOf(command, word);
    if (child !== undefined) command = child;
    else if (isNamed(command, word)) return [`"${line}": ${nameOf(command)} has no ${word}`];
    else break;
  }
  return words
    .filter((word) => /^--[a-z]/.test(word) && word !== '--help')
    .filter((option) => ![command, program].some((one) => takes(one, option.replace(/=.*/, ''))))
    .map((option) => `"${line}": ${nameOf(command)} takes no ${option}`);
};

/** A word after a noun is its verb; after the name of the program in prose, or a verb with verbs below it, it may be anything. */
const isNamed = (command: Command, word: string): boolean =>
  command.parent === program && command.commands.length > 0 && /^[a-z][a-z-]+$/.test(word) && !actsItself(command);

const actsItself = (command: Command): boolean => command.options.some(({ long }) => long === '--json');

describe('every command line that is named', () => {
  const pages = globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md', 'examples/**/*.md', 'infra/**/*.{md,yml}']);
  test.each(pages)('in %s is one that there is', (page) => {
    expect(faultsIn(readFileSync(page, 'utf8'))).toEqual([]);
  });

  test.each(Object.entries(problemFixes))('in the fix of %s is one that there is', (_code, fix) => {
    expect(faultsIn(fix)).toEqual([]);
  });

  test.each([
    ['hcc vm ls, then hcc vm burn ID; more', ['"hcc vm burn ID": hcc vm has no burn']],
    ['hcc parked ls|showe', ['"hcc parked ls|showe": hcc parked has no showe']],
    ['hcc vm rm --destroy-all', ['"hcc vm rm --destroy-all": hcc vm rm takes no --destroy-all']],
    ['`hcc` is, hcc vm ls --json; hcc export --out DIR and hcc export verify DIR, hcc parked --help', []],
  ])('given %s, then this says %j', (text, faults) => expect(faultsIn(text)).toEqual(faults));
});
