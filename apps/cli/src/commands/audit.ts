import type { Command } from 'commander';
import { isoTime } from '#events';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { AuditQuery, AuditView } from '../client/parked.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { ageText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

type AuditOptions = {
  actor?: string;
  account?: string;
  type?: string;
  since?: string;
  until?: string;
  limit?: number;
};

/** `hcc audit`: who did what, and when. */
export const addAuditCommand = (program: Command, cli: Cli): void => {
  program
    .command('audit')
    .description('who did what and when: the newest actions, oldest of them first')
    .option('--actor <actor>', 'only by this one, such as owner:<accountId>, miner:<minerId> or process:vm-placement')
    .option('--account <id>', "only what was done to an account and its VMs; an owner's own is all it sees")
    .option('--type <event>', 'only events of this type, such as VmRequested')
    .option('--since <time>', 'not before this: a time such as 2026-11-01T00:00:00Z, or an age such as 15m, 12h or 7d')
    .option('--until <time>', 'not after this: a time or an age')
    .option('--limit <count>', `at most so many, the newest (default ${limits.auditRows})`, wholeNumber)
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc audit --since 1h',
        'hcc audit --actor process:miner-lost --since 7d',
        'hcc audit --type VmLost --json',
      ),
    )
    .action(async (_options, command: Command) => {
      const options = optionsOf<AuditOptions>(command);
      const now = cli.clock.now();
      const { actor, type, account: accountId, limit = limits.auditRows } = options;
      const since = options.since === undefined ? undefined : instantFrom(options.since, now);
      const until = options.until === undefined ? undefined : instantFrom(options.until, now);
      const { api } = await connectFor(cli, command, 'operator');
      const wanted = { actor, type, accountId, since, until, order: 'newest-first' } as const;
      const { rows, isMore } = await newest(api, wanted, limit);
      answer(cli, options.json, rows, () =>
        rows.length === 0 ? 'nobody did anything like that\n' : auditTable(rows, now),
      );
      if (isMore) cli.terminal.err(`hcc: there is more before these ${rows.length}; --limit or --until shows it\n`);
    });
};

const newest = async (api: Api, query: Omit<AuditQuery, 'limit' | 'after'>, limit: number) => {
  const rows: AuditView[] = [];
  for (let after: string | undefined; ; ) {
    const page = await api.audit({ ...query, after, limit: Math.min(limit - rows.length, limits.pageEventsMax) });
    rows.push(...page.items);
    const isMore = page.next !== null && page.next !== undefined;
    if (!isMore || rows.length >= limit) return { rows: rows.reverse(), isMore };
    after = page.next ?? undefined;
  }
};

const auditTable = (rows: readonly AuditView[], now: number): string =>
  table(
    ['TIME', 'AGE', 'ACTOR', 'ACTION', 'STREAM'],
    rows.map(({ recordedAt, actor, type, stream, revision }) => [
      recordedAt,
      ageText(Date.parse(recordedAt), now),
      actor,
      type,
      `${stream}@${revision}`,
    ]),
  );

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time, or an age before now, as ISO 8601 in UTC. Refuses `not-a-time` (exit 2). */
export const instantFrom = (text: string, now: number): string => {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ageMs = amount === undefined ? undefined : Number(amount) * (unitMs[unit] ?? 0);
  if (ageMs !== undefined && ageMs <= now) return isoTime(now - ageMs);
  const at = /^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:?\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return isoTime(at);
  throw usageError('not-a-time', `"${text}" is no time`, {
    wanted:
      'a day or a time with its zone, such as 2026-11-01 or 2026-11-01T12:00:00Z, or an age such as 15m, 12h or 7d',
  });
};

const wholeNumber = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw usageError('not-a-number', `"${text}" is not a whole number from 1 to 999999`);
};
