import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import type { AuditQuery, AuditView } from '../client/parked.ts';
import { countOption } from '../input/amounts.ts';
import { actorOption } from '../input/choices.ts';
import { timeOption } from '../input/moments.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { fitted } from '../output/table.ts';
import { shortId, shortStream } from '../output/text.ts';
import { ageText } from '../output/time.ts';
import { accountFor } from './accounts.ts';
import { actorFor } from './actor.ts';
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
    .option(
      ...actorOption(
        '--actor <actor>',
        'only by this one, such as owner:alice, miner:1a2b3c4d or process:vm-placement',
      ),
    )
    .option('--account <id>', "only what was done to an account and its VMs; an owner's own is all it sees")
    .option('--type <event>', 'only events of this type, such as VmRequested')
    .option(
      ...timeOption(
        cli,
        '--since <time>',
        'not before this: a time such as 2026-11-01T00:00:00Z, or an age such as 12h',
      ),
    )
    .option(...timeOption(cli, '--until <time>', 'not after this: a time or an age'))
    .option(
      ...countOption('--limit <n>', `at most so many, the newest (default ${limits.auditRows})`, {
        ...{ min: 1, max: 999_999 },
      }),
    )
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
      const { type, since, until, limit = limits.auditRows } = options;
      const { api } = await connectFor(cli, command, 'operator');
      const actor = options.actor === undefined ? undefined : await actorFor(api, options.actor);
      const accountId = options.account === undefined ? undefined : await accountFor(api, options.account);
      const wanted = { actor, type, accountId, since, until, order: 'newest-first' } as const;
      const { rows, isMore } = await newest(api, wanted, limit);
      answer(cli, options.json, rows, () =>
        rows.length === 0 ? 'nobody did anything like that\n' : auditTable(rows, now, cli.terminal.columns),
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

const auditTable = (rows: readonly AuditView[], now: number, columns: number | null): string =>
  fitted(
    { columns, optional: ['TIME'] },
    ['TIME', 'AGE', 'ACTOR', 'ACTION', 'STREAM'],
    rows.map(({ recordedAt, actor, type, stream, revision }) => [
      recordedAt,
      ageText(Date.parse(recordedAt), now),
      shortActor(actor),
      type,
      `${shortStream(stream)}@${revision}`,
    ]),
  );

/** As much of an actor as `--actor` needs; of a token all of it. */
const shortActor = (actor: string): string =>
  actor.replace(/^(miner|owner):([0-9a-f]{8})-.*$/, (_, kind: string, id: string) => `${kind}:${shortId(id)}`);
