import { parseArgs } from 'node:util';
import { attestorEndToEnd, attestorMemory, attestorMemoryName } from './attestor.ts';
import { catchUp } from './catch-up.ts';
import { httpCommand } from './http.ts';
import { imaMemory, imaMemoryName, imaReplay } from './ima.ts';
import { launchDigest } from './launch-digest.ts';
import { luksWriter } from './luks-writer.ts';
import { memory, memoryName } from './memory.ts';
import { type Case, type Figure, runCase } from './pairs.ts';
import { placement } from './placement.ts';
import { relay } from './relay.ts';
import { releaseRoundTrip } from './release.ts';
import { snpVerifyNewChain, snpVerifyNewVek, snpVerifyWarm } from './snp.ts';
import { sqliteAppend } from './sqlite-append.ts';
import { tpmQuoteEcdsa, tpmQuoteRsa } from './tpm.ts';
import { vmStartToSsh, vmToSsh, vmUnlock, vmUnlockName } from './vm.ts';

const help = `Usage: npm run bench -- [--json] [--only NAME,NAME] [--pairs N]

Measures ours against the bare driver or primitive, in turn, and holds the median ratio against its bar.
Progress goes to stderr. Exit code 0: every bar is met; 1: one is not; 2: usage.

  --json         one JSON value: [{name, unit, ours, raw, ratio, bar, ok}]
  --only NAMES   only these, separated by commas
  --pairs N      pairs of each, instead of what each has by itself
  --history N    events of the long history, 10,000,000 by itself: some 7 GB of disk, and minutes
  --rounds N     rounds of the attestor's memory, 100,000 by itself: some ten minutes
  --list         the names

Examples:
  npm run bench -- --json
  npm run bench -- --only relay-to-jetstream --pairs 3
`;

const cases: readonly Case[] = [
  sqliteAppend,
  relay,
  catchUp,
  httpCommand,
  tpmQuoteEcdsa,
  tpmQuoteRsa,
  vmToSsh,
  vmStartToSsh,
  launchDigest,
  imaReplay,
  snpVerifyWarm,
  snpVerifyNewVek,
  snpVerifyNewChain,
  attestorEndToEnd,
  releaseRoundTrip,
  luksWriter,
];
const placementName = 'placement-5000-miners';
const names = [
  ...cases.map(({ name }) => name),
  placementName,
  imaMemoryName,
  memoryName,
  attestorMemoryName,
  vmUnlockName,
];

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      pairs: { type: 'string' },
      history: { type: 'string', default: '10000000' },
      rounds: { type: 'string', default: '100000' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) process.stdout.write(help);
  if (values.list) process.stdout.write(`${names.join('\n')}\n`);
  if (values.help || values.list) return 0;
  const only = values.only?.split(',') ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no bench ${unknown}; there are ${names.join(', ')}`);
  if (!/^\d{5,9}$/.test(values.history))
    throw new Error(`--history ${values.history} is no number of events from 10000 on`);
  if (!/^\d{4,8}$/.test(values.rounds))
    throw new Error(`--rounds ${values.rounds} is no number of rounds from 1000 on`);
  const pairs = values.pairs === undefined ? undefined : Number(values.pairs);
  if (pairs !== undefined && !(pairs >= 1)) throw new Error(`--pairs ${values.pairs} is no number of pairs`);
  const figures: Figure[] = [];
  for (const one of cases) {
    if (only.includes(one.name)) figures.push(await runCase(pairs === undefined ? one : { ...one, pairs }, tell));
  }
  if (only.includes(placementName)) figures.push(await placement(pairs ?? 11));
  if (only.includes(vmUnlockName)) figures.push(await vmUnlock(pairs ?? 5));
  if (only.includes(imaMemoryName)) figures.push(imaMemory(pairs ?? 3, tell));
  if (only.includes(memoryName)) figures.push(await memory(Number(values.history), tell));
  if (only.includes(attestorMemoryName)) figures.push(await attestorMemory(Number(values.rounds), tell));
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : text(figures));
  return figures.every(({ ok }) => ok) ? 0 : 1;
};

const text = (figures: readonly Figure[]): string =>
  figures
    .map(({ name, unit, ours, raw, ratio, bar, ok }) => {
      const against = raw === null ? '' : ` against ${raw.toLocaleString('en')}`;
      const reached = ratio === null ? '' : `, ratio ${ratio}`;
      return `${ok ? 'ok  ' : 'LOW '} ${name}: ${ours.toLocaleString('en')}${against} ${unit}${reached}, bar ${bar}\n`;
    })
    .join('');

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${help}`);
  process.exitCode = 2;
}
