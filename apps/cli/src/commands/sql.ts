import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { readLogPage } from '../client/log.ts';
import { sqlRowsShown } from '../export/limits.ts';
import { countOption } from '../input/amounts.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { demandQuestion, type SqlAnswer, select } from '../sql/select.ts';
import { openExport, openLog } from '../sql/sources.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

type SqlFlags = { dir?: string; limit: number };

/** `hcc sql`: questions to the log in SQL. */
export const addSqlCommand = (program: Command, cli: Cli): void => {
  program
    .command('sql')
    .description('ask the log in SQL: one table "events", one row an event, "data" is JSON')
    .argument('<query>', "such as 'select type, count(*) from events group by 1'")
    .option('--dir <dir>', 'ask an export instead of fetching the log: better for a long one')
    .option(...countOption('--limit <n>', 'rows shown at most', { min: 1, max: 9_999_999 }), sqlRowsShown)
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        "hcc sql 'select type, count(*) n from events group by 1 order by n desc'",
        "hcc sql \"select stream, data->>'minerId' miner from events where type = 'VmPlaced'\" --json",
        "hcc sql --dir log 'select category, max(recorded_at) from events group by 1'",
      ),
    )
    .action(async (query: string, flags: SqlFlags, self: Command) => {
      const { json } = optionsOf(self);
      const found = await untilStopped(cli, (signal) => ask(cli, self, query, flags, signal));
      answer(cli, json, found, () => answerText(found, flags.limit));
    });
};

const ask = async (
  cli: Cli,
  self: Command,
  query: string,
  flags: SqlFlags,
  signal: AbortSignal,
): Promise<SqlAnswer> => {
  const source =
    flags.dir === undefined
      ? await openLog({ ...(await logOf(cli, self)), before: (duck) => demandQuestion(duck, query) }, signal)
      : await openExport(resolve(cli.cwd, flags.dir));
  try {
    await demandQuestion(source.duck, query);
    return await select(source.duck, query, flags.limit, signal);
  } finally {
    await source.close();
  }
};

const logOf = async (cli: Cli, self: Command) => {
  const { api } = await connectFor(cli, self, 'operator');
  return {
    clock: cli.clock,
    readLog: (range: Parameters<typeof readLogPage>[1]) => readLogPage(api.http, range),
    progress: (rows: number) => cli.terminal.err(`hcc: ${rows} events fetched\n`),
  };
};

const answerText = ({ columns, rows, more }: SqlAnswer, limit: number): string => {
  const body = table(
    columns,
    rows.map((row) => columns.map((name) => shown(row[name]))),
  );
  return more ? `${body}... and more than ${limit}; --limit shows them\n` : body;
};

const shown = (value: unknown): string =>
  value === null || value === undefined ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value);
