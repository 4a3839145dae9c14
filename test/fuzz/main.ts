import { parseArgs } from 'node:util';
import { Malformed } from '#attestation';
import { type Coverage, openCoverage } from './coverage.ts';
import { type Dice, diceOf, mutated } from './mutate.ts';
import { openTargets, type Target } from './targets.ts';

const help = `Usage: npm run fuzz -- [--seconds N] [--seed N] [--only NAME,NAME]

Fuzzes the parsers of evidence, and of keys on their way to a vault, guided by what of their code an input reaches (V8's own
counts of blocks). A finding is an error that is not the parser's own, or an input that takes a parser longer than a second: it is printed in hex.
Exit code 0: nothing was found; 1: something was; 2: usage.

  --seconds N    time for all of them together, 60 by itself
  --seed N       where the dice begin, 1 by itself: the same seed tries the same inputs, as far as the time goes
  --only NAMES   only these parsers, separated by commas
  --list         their names

Examples:
  npm run fuzz -- --seconds 600 --seed 7
  npm run fuzz -- --only certificate,vek
`;

/** Inputs that are tried before the coverage is asked for: to ask costs as much as some tries. */
const inputsAtOnce = 64;
/** Inputs that reached something new, kept to go on from: the oldest is forgotten. */
const corpusMax = 1_000;
const slowMs = 1_000;

type Finding = { readonly why: string; readonly input: Uint8Array };
type Fuzzed = { readonly tries: number; readonly blocks: number; readonly finding: Finding | null };

const fuzz = async (target: Target, coverage: Coverage, forMs: number, dice: Dice): Promise<Fuzzed> => {
  const corpus = [...target.seeds];
  const from = performance.now();
  const seen = new Set<string>();
  let tries = 0;
  await coverage.entered();
  while (performance.now() - from < forMs) {
    const inputs = Array.from({ length: inputsAtOnce }, () => mutated(pick(corpus, dice), pick(corpus, dice), dice));
    for (const input of tries === 0 ? [...corpus, ...inputs] : inputs) {
      tries += 1;
      const why = tried(target, input);
      if (why !== null) return { tries, blocks: seen.size, finding: { why, input } };
    }
    const fresh = new Set([...(await coverage.entered())].filter((block) => !seen.has(block)));
    for (const block of fresh) seen.add(block);
    corpus.push(...(await reaching(target, coverage, fresh, inputs)));
    if (corpus.length > corpusMax) corpus.splice(target.seeds.length, corpus.length - corpusMax);
  }
  return { tries, blocks: seen.size, finding: null };
};

/** Of inputs that reached `fresh` together, those that do: each is run again by itself. */
const reaching = async (
  target: Target,
  coverage: Coverage,
  fresh: Set<string>,
  inputs: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> => {
  const kept: Uint8Array[] = [];
  for (const input of inputs) {
    if (fresh.size === 0) break;
    tried(target, input);
    const reached = [...(await coverage.entered())].filter((block) => fresh.has(block));
    for (const block of reached) fresh.delete(block);
    if (reached.length > 0) kept.push(input);
  }
  return kept;
};

const pick = (corpus: readonly Uint8Array[], dice: Dice): Uint8Array => corpus[dice(corpus.length)] ?? new Uint8Array();

const isMalformed = (error: unknown): boolean => error instanceof Malformed;

/** Why an input is a finding, or `null`. */
const tried = ({ parse, refuses = isMalformed }: Target, input: Uint8Array): string | null => {
  const from = performance.now();
  try {
    parse(input);
  } catch (error) {
    if (!refuses(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const tookMs = performance.now() - from;
  return tookMs > slowMs ? `it took ${Math.round(tookMs)} ms` : null;
};

const numberOf = (name: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} ${text} is no number`);
  return Number(text);
};

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const all = await openTargets();
  const names = all.map(({ name }) => name);
  if (values.help) process.stdout.write(help);
  if (values.list) process.stdout.write(`${names.join('\n')}\n`);
  if (values.help || values.list) return 0;
  const only = values.only?.split(',') ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no parser ${unknown}; there are ${names.join(', ')}`);
  const forMs = (numberOf('seconds', values.seconds) * 1_000) / only.length;
  const dice = diceOf(numberOf('seed', values.seed));
  const coverage = await openCoverage(['/libs/attestation/', '/libs/sealing/']);
  let found = 0;
  for (const target of all.filter(({ name }) => only.includes(name))) {
    const { tries, blocks, finding } = await fuzz(target, coverage, forMs, dice);
    process.stdout.write(`${target.name}: ${tries.toLocaleString('en')} inputs, ${blocks} blocks\n`);
    if (finding === null) continue;
    found += 1;
    process.stdout.write(`  ${finding.why}\n  ${Buffer.from(finding.input).toString('hex')}\n`);
  }
  await coverage.close();
  return found === 0 ? 0 : 1;
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n${help}`);
  process.exitCode = 2;
}
