import type { Command } from 'commander';
import { isoTime } from '#events';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import { followStream } from '../client/streams.ts';
import type { MinerView } from '../client/views.ts';
import { spanOption } from '../input/moments.ts';
import { matchOne } from '../match.ts';
import { answer } from '../output/answer.ts';
import { safeText, shortId } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

type DrainOptions = { readonly reason?: string; readonly deadline?: number; readonly monitor?: boolean };

/** `hcc miner drain` and `undrain`: maintenance that costs nobody a VM. */
export const addMinerDrain = (miner: Command, cli: Cli): void => {
  miner
    .command('drain')
    .description('place nothing more on a miner; its VMs go on until their owners remove them')
    .argument('<miner>', 'id, beginning of an id, or name')
    .option('--reason <text>', 'for whoever wonders why it gets no work (default: maintenance)')
    .option(
      ...spanOption('--deadline <span>', 'by when it should be empty, such as 90m, 12h or 3d; nothing is ended by it'),
    )
    .option('--monitor', 'show what is left until it is drained; Ctrl-C leaves the drain running')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc miner drain miner-1 --reason "new disks" --deadline 3d', 'hcc miner drain miner-1 --monitor'),
    )
    .action(async (text: string, _options, command: Command) => drain(cli, command, text));
  miner
    .command('undrain')
    .description('let VMs be placed on a miner again; waiting ones are tried at once')
    .argument('<miner>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc miner undrain miner-1'))
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const found = await findMiner(api, text);
      const { position } = await api.undrainMiner(found.minerId);
      const now = await api.miner(found.minerId, position ?? undefined);
      answer(cli, optionsOf(command).json, now, () => `${now.name}: ${now.eligibilityText}\n`);
    });
};

/** The miner meant by an id, the beginning of one, or a name. */
export const findMiner = async (api: Api, text: string): Promise<MinerView> =>
  matchOne('miner', text, await api.miners(), ({ minerId, name }) => ({ id: minerId, name }));

/** `draining for new disks, 2 VMs left, wanted empty by … (in 3 h)`; a deadline that has passed says so. */
export const drainText = (
  { state, reason, deadlineAt, vmsLeft }: NonNullable<MinerView['drain']>,
  now: number,
): string => {
  const left = state === 'drained' ? 'nothing left' : `${vmsLeft} ${vmsLeft === 1 ? 'VM' : 'VMs'} left`;
  if (deadlineAt === null) return `${state} (${reason}): ${left}`;
  const isLate = state === 'draining' && Date.parse(deadlineAt) <= now;
  return `${state} (${reason}): ${left}, ${isLate ? 'DEADLINE PASSED:' : 'wanted empty by'} ${timeText(deadlineAt, now)}`;
};

const drain = async (cli: Cli, command: Command, text: string): Promise<void> => {
  const { json, reason, deadline, monitor } = optionsOf<DrainOptions>(command);
  const { api } = await connectFor(cli, command, 'operator');
  const found = await findMiner(api, text);
  // Without new words, a drain under way keeps its reason and deadline; the answer still says where its story stands.
  const deadlineAt = deadline === undefined ? found.drain?.deadlineAt : isoTime(cli.clock.now() + deadline);
  const wanted = { reason: reason ?? found.drain?.reason, deadlineAt: deadlineAt ?? undefined };
  const given = await api.drainMiner(found.minerId, wanted);
  let now = await api.miner(found.minerId, given.position ?? undefined);
  if (monitor === true && now.drain?.state !== 'drained') now = await watchDrain(cli, api, now, BigInt(given.revision));
  answer(cli, json, now, () => toldOf(now, cli.clock.now()));
};

const toldOf = (miner: MinerView, now: number): string => {
  const { drain } = miner;
  const said = `${miner.name}: ${drain === null ? miner.eligibilityText : drainText(drain, now)}\n`;
  if (drain === null || drain.state === 'drained') return said;
  return `${said}its VMs go on until their owners remove them: ${miner.vms.map(shortId).join(' ')}\n`;
};

/** Shows what is left, each time that changes, until nothing is. Ctrl-C ends the watching (exit 1), not the drain. */
const watchDrain = async (cli: Cli, api: Api, miner: MinerView, from: bigint): Promise<MinerView> => {
  const { minerId, name } = miner;
  let last = miner;
  const show = (): void => cli.terminal.err(safeText(toldOf(last, cli.clock.now()), 'lines'));
  show();
  await untilStopped(cli, async (signal) => {
    const stream = `miner-${minerId}`;
    const onBroken = (why: string): void => cli.terminal.err(`hcc: connection lost (${why}), opening it again\n`);
    for await (const event of followStream(api, stream, { from, clock: cli.clock, signal, onBroken })) {
      if (!telling.has(event.type)) continue;
      last = await api.miner(minerId, event.position);
      if (last.drain === null || last.drain.state === 'drained') return;
      if (event.type === 'AllocationReleased') show();
    }
  });
  if (last.drain?.state === 'drained') return last;
  if (last.drain === null) {
    throw badAnswer('drain-undone', `${name} was undrained while it was watched: VMs are placed on it again`);
  }
  throw badAnswer('stopped-watching', `no longer watching ${name}; the drain goes on`, {
    observed: drainText(last.drain, cli.clock.now()),
    fix: `hcc miner status ${shortId(minerId)}; hcc miner undrain ${shortId(minerId)} ends the drain`,
  });
};

const telling = new Set(['AllocationReleased', 'AllocationReserved', 'MinerDrained', 'MinerUndrained']);
