import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { isoTime } from '#events';
import type { Cli } from '../cli.ts';
import type { MinerView } from '../client/views.ts';
import { choiceOption, minerStatuses } from '../input/choices.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { facts, fitted } from '../output/table.ts';
import { bytesText, shortId } from '../output/text.ts';
import { staleText, timeText } from '../output/time.ts';
import { platformText } from '../story/story.ts';
import { allOption, limitOption, rowsWanted, shownOf } from './lists.ts';
import { addMinerDoctor } from './miner-doctor.ts';
import { addMinerDrain, drainText, findMiner } from './miner-drain.ts';
import { addMinerSlashing } from './miner-slashing.ts';
import { attestedText, nextText, scoreText, tierText, trustFacts } from './miner-trust.ts';
import { addMinerWhy } from './miner-why.ts';
import { answerPast, atOption, momentOf } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc miner ...`: the hosts. */
export const addMinerCommands = (program: Command, cli: Cli): void => {
  const miner = program.command('miner').description('hosts that run VMs');
  miner
    .command('ls')
    .alias('list')
    .description('list miners')
    .option(...allOption)
    .option(...limitOption)
    .option(...choiceOption('--status <status>', `only those that are ${minerStatuses.join(', ')}`, minerStatuses))
    .option('--eligible', 'only those that VMs may be placed on')
    .option('--no-eligible', 'only those that VMs may not be placed on')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText(
      'after',
      examples('hcc miner ls', 'hcc miner ls --no-eligible', 'hcc miner ls --watch', 'hcc miner ls --at 1d'),
    )
    .action(async (_options, command: Command) => {
      const { status, eligible } = optionsOf<{ status?: string; eligible?: boolean }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const wanted = eligible === undefined ? undefined : eligible ? ('true' as const) : ('false' as const);
      const found = await api.miners({ status, eligible: wanted, at: momentOf(command) }, rowsWanted(command));
      const miners = shownOf(cli, command, found);
      answer(cli, optionsOf(command).json, miners, () => minerTable(miners, cli.clock.now(), cli.terminal.columns));
    });
  miner
    .command('status')
    .alias('show')
    .description('one miner in full')
    .argument('<miner>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText('after', examples('hcc miner status miner-1', 'hcc miner status 7c --at 2h'))
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const { json, at } = optionsOf<{ at?: string }>(command);
      const found = await findMiner(api, text);
      if (at === undefined) return answer(cli, json, found, () => minerFacts(found, cli.clock.now()));
      answerPast(cli, json, await api.minerAt(found.minerId, at), minerFacts);
    });
  miner
    .command('invite')
    .description('let a host join: prints its join token, once')
    .argument('<name>', 'what to call the miner')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc miner invite berlin-1'))
    .action((name: string, _options, command: Command) => invite(cli, command, name));
  addMinerDrain(miner, cli);
  addMinerWhy(miner, cli);
  addMinerSlashing(miner, cli);
  addMinerDoctor(miner, cli);
};

const invite = async (cli: Cli, command: Command, name: string): Promise<void> => {
  const { api } = await connectFor(cli, command, 'operator');
  const minerId = cli.makes.uuid();
  const joinToken = cli.makes.secret();
  const expiresAt = isoTime(cli.clock.now() + limits.invitationMs);
  const joinTokenSha256 = createHash('sha256').update(joinToken).digest('hex');
  await api.inviteMiner({ minerId, name, joinTokenSha256, expiresAt });
  const { json } = optionsOf(command);
  answer(cli, json, { minerId, name, joinToken, expiresAt, apiUrl: api.http.url }, () => `${joinToken}\n`);
  if (json === true) return;
  cli.terminal.err(
    [
      `${name} (${minerId}) may join until ${expiresAt}. The token above is not shown again.`,
      'On that host, put it in a file of mode 0600 and run the agent with:',
      '',
      `  HCC_MINER_ID=${minerId} HCC_MINER_NAME=${name} \\`,
      `  HCC_API_URL=${api.http.url} HCC_JOIN_TOKEN_FILE=./join.token \\`,
      '  HCC_MINER_DIR=./miner node dist/apps/miner-node/src/main.js',
      '',
    ].join('\n'),
  );
};

/** What a narrow terminal is shown without, in this order. Never the tier and the protection: they say what is simulated. */
const leftOutFirst = [
  ...(['DISK', 'MEMORY', 'VCPU', 'ACCEL', 'NEXT', 'ATTESTED', 'VMS', 'SEEN', 'SCORE', 'STATUS', 'ID'] as const),
];

const minerTable = (miners: readonly MinerView[], now: number, columns: number | null): string =>
  fitted(
    { columns, optional: leftOutFirst },
    [
      'ID',
      'NAME',
      'STATUS',
      'ELIGIBLE',
      'SEEN',
      'TIER',
      'ATTESTED',
      'NEXT',
      'SCORE',
      'ACCEL',
      'PROTECTION',
      'VMS',
      'VCPU',
      'MEMORY',
      'DISK',
    ],
    miners.map((miner) => [
      shortId(miner.minerId),
      miner.name,
      miner.status,
      miner.eligible
        ? 'yes'
        : `no: ${miner.ineligibleCode ?? '-'}${miner.drain?.state === 'draining' ? `, ${miner.drain.vmsLeft} left` : ''}`,
      timeText(miner.lastSeenAt, now).replace(/^.*\((.*)\)$/, '$1'),
      tierText(miner.attestation),
      attestedText(miner.attestation, now),
      nextText(miner.attestation, now),
      scoreText(miner.score),
      miner.accelerator ?? '-',
      protectionText(miner),
      miner.vms.length.toString(),
      share(miner, ({ vcpus }) => vcpus.toString()),
      share(miner, ({ memoryBytes }) => bytesText(memoryBytes)),
      share(miner, ({ diskBytes }) => bytesText(diskBytes)),
    ]),
  );

const minerFacts = (miner: MinerView, now: number): string =>
  facts([
    ['miner', `${miner.name} (${miner.minerId})`],
    ...(miner.stale == null ? [] : [['STALE', staleText(miner.stale, now)] as const]),
    ['status', `${miner.status}: ${miner.statusText}`],
    ['eligible', `${miner.eligible ? 'yes' : 'no'}: ${miner.eligibilityText}`],
    ...(miner.drain === null ? [] : [['drain', drainText(miner.drain, now)] as const]),
    ...trustFacts(miner, now),
    ['last seen', timeText(miner.lastSeenAt, now)],
    ['attached', timeText(miner.attachedAt, now)],
    ['agent', `${miner.agentVersion ?? '-'}, life ${miner.agentEpoch ?? '-'}`],
    ['processor', `${miner.cpuModel ?? '-'}, accelerator ${miner.accelerator ?? '-'}`],
    ['protection', protectionText(miner)],
    ['vCPU', share(miner, ({ vcpus }) => vcpus.toString())],
    ['memory', share(miner, ({ memoryBytes }) => bytesText(memoryBytes))],
    ['disk', share(miner, ({ diskBytes }) => bytesText(diskBytes))],
    ['VMs', miner.vms.join(', ') || '-'],
  ]);

const protectionText = ({ platform }: MinerView): string =>
  platform === null ? '-' : `platform ${platformText(platform)}`;

/** `reserved/offered` of one part of the capacity. */
const share = (miner: MinerView, part: (size: NonNullable<MinerView['capacity']>) => string): string => {
  if (miner.capacity === null) return '-';
  return `${miner.reserved === null ? '0' : part(miner.reserved)}/${part(miner.capacity)}`;
};
