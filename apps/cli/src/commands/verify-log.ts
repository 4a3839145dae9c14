import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { LogVerdict } from '#events';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../cli-error.ts';
import { readLogPage } from '../client/log.ts';
import { connect, dirsOf } from '../context.ts';
import { progressEveryMs } from '../export/limits.ts';
import { answer } from '../output/answer.ts';
import { countText } from '../output/text.ts';
import { headsProblem, openHeads } from '../verify-log/heads.ts';
import { verifyFile, verifyServed } from '../verify-log/sources.ts';
import { examples, type Globals, jsonOption, optionsOf } from './verbs.ts';

type VerifyFlags = { file?: string; heads?: string | false; key?: string };
type Report = LogVerdict & { readonly integrity?: string };

/** `hcc verify-log`: whether the record is what was recorded. */
export const addVerifyLogCommand = (program: Command, cli: Cli): void => {
  program
    .command('verify-log')
    .description('hash every event again, follow every stream, and hold the log against its signed heads')
    .option(
      '--file <file>',
      'the file of a SQLite store, also without a cluster (default: the log as the cluster serves it)',
    )
    .option('--heads <file>', 'signed heads of the log (default: log-heads.ndjson of this home)')
    .option('--no-heads', 'without heads: a removed tail or stream is not seen')
    .option('--key <file>', 'public key of the network (default: network.pub of this home)')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc verify-log', 'hcc verify-log --file .hcc/store/hcc.sqlite', 'hcc verify-log --no-heads --json'),
    )
    .action(async (flags: VerifyFlags, self: Command) => {
      const { json } = optionsOf(self);
      const report = await verify(cli, self.optsWithGlobals<Globals>(), flags);
      const ok = isWhole(report);
      answer(cli, json, { ok, ...report, fault: shown(report.fault) }, () => reportText(report));
      if (!ok) cli.exit.code = exitCodes.bad;
    });
};

const verify = async (cli: Cli, globals: Globals, flags: VerifyFlags): Promise<Report> => {
  const { homeDir: home } = dirsOf(cli, globals.home);
  const headsFile = flags.heads === false ? null : resolve(cli.cwd, flags.heads ?? join(home, 'log-heads.ndjson'));
  const keyFile = resolve(cli.cwd, flags.key ?? join(home, 'network.pub'));
  const heads = headsFile === null ? null : await openHeads(headsFile, keyFile);
  const told = teller(cli);
  try {
    if (flags.file !== undefined) return await verifyFile(resolve(cli.cwd, flags.file), heads, told);
    const { api } = await connect(globals, 'operator', cli);
    return await verifyServed((range) => readLogPage(api.http, range), heads, told);
  } catch (error) {
    throw headsProblem(error, headsFile ?? '');
  }
};

const teller = (cli: Cli): ((events: number) => void) => {
  let toldAt = cli.clock.now();
  return (events) => {
    if (cli.clock.now() - toldAt < progressEveryMs) return;
    toldAt = cli.clock.now();
    cli.terminal.err(`hcc: ${events} events verified\n`);
  };
};

const isWhole = ({ fault, heads, integrity }: Report): boolean =>
  fault === null && (heads?.fault ?? null) === null && (integrity ?? 'ok') === 'ok';

const shown = (fault: Report['fault']) => (fault === null ? null : { ...fault, revision: fault.revision.toString() });

const reportText = ({ events, streams, fault, heads, integrity }: Report): string =>
  [
    ...(fault === null
      ? []
      : [`event ${fault.eventId} (${fault.stream} at revision ${fault.revision}): ${words[fault.fault]}`]),
    ...headLines(heads, fault !== null),
    ...(integrity === undefined || integrity === 'ok' ? [] : [`the file itself: ${integrity}`]),
    `${countText(events, 'event')} in ${countText(streams, 'stream')} were read${fault === null ? '' : ' up to the fault'}`,
  ]
    .map((line) => `${line}\n`)
    .join('');

const words = {
  hash: 'its content is not what was recorded',
  'prev-hash': 'it does not follow the event before it in its stream',
  revision: 'events before it in its stream are missing, or it is in the wrong place',
  position: 'the log skips before it: an event was removed or moved',
  moved: 'its row is not in its place in the log, which is empty',
} as const;

const headLines = (heads: Report['heads'], isCutShort: boolean): readonly string[] => {
  if (heads === null) return ['without signed heads a removed tail or stream is not seen'];
  const { checked, uncovered, fault } = heads;
  if (fault === null && isCutShort) {
    return [`signed heads that hold up to there: ${checked}; what follows the fault was not held against any`];
  }
  if (fault === null) {
    if (checked === 0) return ['no head is signed yet: a removed tail or stream would not be seen'];
    const after = uncovered === 0 ? 'nothing' : countText(uncovered, 'event');
    return [`${checked} signed ${checked === 1 ? 'head holds' : 'heads hold'}; ${after} came after the last one`];
  }
  const at = `the head signed at ${fault.signedAt} over ${fault.eventsThen} events does not hold`;
  if (fault.fault === 'store') return [`${at}: it is of another store`];
  if (fault.fault === 'order') return [`${at}: the log is in another order, or has other events`];
  return [
    `${at}: events are missing`,
    ...fault.streams.map(({ stream, had, has }) =>
      has === null
        ? `  ${stream} is gone; it had revision ${had}`
        : `  ${stream} ends at revision ${has}; it had ${had}`,
    ),
  ];
};
