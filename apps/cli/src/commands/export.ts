import { resolve } from 'node:path';
import type { Command } from 'commander';
import { categories } from '#events';
import type { Cli } from '../cli.ts';
import { exitCodes, usageError } from '../cli-error.ts';
import { type LogRange, readLogPage } from '../client/log.ts';
import { partRowsMax } from '../export/limits.ts';
import { type Encoding, encodings } from '../export/manifest.ts';
import { askedOf, rangeOf } from '../export/range.ts';
import { type ExportOutcome, type Progress, runExport } from '../export/run-export.ts';
import { type ExportReport, verifyExport } from '../export/verify-export.ts';
import { countOption } from '../input/amounts.ts';
import { misread } from '../input/misread.ts';
import { type GivenMoment, givenMomentOption } from '../input/moments.ts';
import { answer } from '../output/answer.ts';
import { countText } from '../output/text.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

type ExportFlags = {
  out?: string;
  format: string;
  from?: GivenMoment;
  to?: GivenMoment;
  category?: readonly string[];
  partRows: number;
};

/** `hcc export`: the log as files that other programs read. */
export const addExportCommands = (program: Command, cli: Cli): void => {
  const command = program
    .command('export')
    .description('write the log into files for analysis: parts with checksums, and a manifest')
    .option('--out <dir>', 'directory of the export; one that is there is gone on with')
    .option('--format <format>', `of the parts: ${encodings.join(', ')}`, 'ndjson')
    .option(
      ...givenMomentOption(
        cli,
        '--from <moment>',
        'only what was recorded after this: a time, a position, or an age (counted from the first run)',
      ),
    )
    .option(...givenMomentOption(cli, '--to <moment>', 'only what was recorded up to this'))
    .option('--category <list>', `only these, separated by commas: ${categories.join(', ')}`, categoryList)
    .option(
      ...countOption('--part-rows <n>', 'rows of one part: what an interrupted export fetches again', {
        ...{ min: 1, max: partRowsMax },
      }),
      partRowsMax,
    )
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc export --out log --format parquet',
        'hcc export --out november --from 2026-11-01 --to 2026-12-01 --category vm,account',
        'hcc export verify log',
      ),
    )
    .action(async (flags: ExportFlags, self: Command) => exportLog(cli, self, flags));
  command
    .command('verify')
    .description('read an export back: checksums, row counts, and the hash of every event')
    .argument('<dir>', 'directory of the export')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc export verify log'))
    .action(async (dir: string, _options, self: Command) => verify(cli, self, dir));
};

const exportLog = async (cli: Cli, self: Command, flags: ExportFlags): Promise<void> => {
  const { json } = optionsOf(self);
  const { out } = flags;
  const encoding = encodingOf(flags.format);
  if (out === undefined) {
    throw usageError('out-missing', 'where should the export go?', {
      wanted: '--out DIR',
      fix: 'hcc export --out log',
    });
  }
  const dir = resolve(cli.cwd, out);
  const { api } = await connectFor(cli, self, 'operator');
  const readLog = (range: LogRange) => readLogPage(api.http, range);
  const wanted = { from: flags.from, to: flags.to };
  const { after, until } = await rangeOf(dir, wanted, {
    readLog,
    positionAt: async (at) => (await api.positionAt(at)).position,
  });
  const filter = { categories: flags.category === undefined ? null : [...flags.category], after, until };
  const outcome = await untilStopped(cli, (signal) =>
    runExport({
      ...{ dir, filter, signal, readLog },
      asked: askedOf(wanted),
      encoding,
      partRows: flags.partRows,
      clock: cli.clock,
      progress: (told) => cli.terminal.err(progressLine(told)),
    }),
  );
  answer(cli, json, { dir, ...shown(outcome) }, () => exportText(out, outcome));
  if (!outcome.manifest.complete) cli.exit.code = exitCodes.bad;
};

/** Read here and not with the command line: `hcc export verify` has a --format of its own, which comes by the same name. */
const encodingOf = (text: string): Encoding => {
  const found = encodings.find((encoding) => encoding === text);
  if (found !== undefined) return found;
  throw misread('format-unknown', {
    ...{ name: '--format', text, what: 'a format of an export', wanted: encodings.join(', '), like: 'parquet' },
  });
};

const progressLine = ({ rows, rowsPerSecond, lastAt }: Progress): string =>
  `hcc: ${rows} rows, ${rowsPerSecond} rows/s, at ${lastAt ?? 'the beginning'}\n`;

const shown = ({ manifest, resumedRows }: ExportOutcome) => ({
  complete: manifest.complete,
  rows: manifest.rows,
  newRows: manifest.rows - resumedRows,
  parts: manifest.parts,
  position: manifest.position,
});

const exportText = (dir: string, { manifest, resumedRows }: ExportOutcome): string => {
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  const fresh = resumedRows === 0 ? '' : `, ${manifest.rows - resumedRows} of them new`;
  const end = manifest.complete ? '' : 'Stopped before the end. Repeat the command to go on.\n';
  const parts = `${countText(manifest.parts.length, 'part')} of ${bytes} bytes`;
  return `${countText(manifest.rows, 'row')}${fresh}, in ${parts} in ${dir}\n${end}`;
};

const verify = async (cli: Cli, self: Command, text: string): Promise<void> => {
  const { json } = optionsOf(self);
  const report = await verifyExport(resolve(cli.cwd, text), (file) => cli.terminal.err(`hcc: reading ${file}\n`));
  answer(cli, json, report, () => reportText(report));
  if (!report.ok || !report.complete) cli.exit.code = exitCodes.bad;
};

const reportText = (report: ExportReport): string =>
  `${faultsText(report)}${report.complete ? '' : 'It stopped before its end. Repeat the command that began it.\n'}`;

const faultsText = ({ ok, parts, rows, faults }: ExportReport): string =>
  ok
    ? `${countText(rows, 'row')} in ${countText(parts, 'part')}, each as it was exported, each event with the hash the store gave it\n`
    : faults.map(({ file, what, observed, wanted }) => `${file}: ${what}: ${observed}, wanted ${wanted}\n`).join('');

const categoryList = (text: string): readonly string[] => {
  const wanted = text.split(',');
  const unknown = wanted.find((name) => !categories.some((category) => category === name));
  if (unknown === undefined) return wanted;
  throw usageError('category-unknown', `"${unknown}" is no category of streams`, { wanted: categories.join(', ') });
};
