import type { Command } from 'commander';
import { checksExitCode } from '#host';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { readHostChecks, readHostChecksAt } from '../client/host-reads.ts';
import { checkLines } from '../doctor/check-lines.ts';
import { answer } from '../output/answer.ts';
import { timeText } from '../output/time.ts';
import { findMiner } from './miner-drain.ts';
import { answerPast, atOption, momentOf, staleLine } from './moment.ts';
import { connectFor, examples, jsonOption, optionsOf, outStyle } from './verbs.ts';

/** `hcc miner doctor`: the checks that a miner's agent made of its host and reported, in its words. */
export const addMinerDoctor = (miner: Command, cli: Cli): void => {
  miner
    .command('doctor')
    .description("what a miner's host was checked for; exit 0 all well, 1 a warning, 2 a failure")
    .argument('<miner>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .option(...atOption(cli))
    .addHelpText(
      'after',
      examples('hcc miner doctor miner-1', 'hcc miner doctor 7c --json', 'hcc miner doctor 7c --at 1d'),
    )
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const { minerId, name, attestation } = await findMiner(api, text);
      const at = momentOf(command);
      const past = at === undefined ? null : await readHostChecksAt(api.http, minerId, at);
      const { checks, checkedAt, stale } = past ?? (await readHostChecks(api.http, minerId));
      if (checks === null) {
        throw badAnswer(
          'host-not-checked',
          `nothing ${past === null ? 'is' : 'was'} known of the host of miner ${name}`,
          {
            observed: `its agent ${past === null ? 'has' : 'had'} not reported any checks`,
            fix: `start its agent, or look at hcc miner status ${name}`,
          },
        );
      }
      const { json } = optionsOf(command);
      const shown = { minerId, name, checkedAt, checks, stale: stale ?? null };
      const lines = (): string =>
        [
          staleLine(stale, cli.clock.now()),
          checkLines(checks, outStyle(cli)),
          attestation?.isSimulated === true ? 'its evidence is SIMULATED: HCC-A001 vouches for nothing\n' : '',
        ].join('');
      if (past === null) answer(cli, json, shown, lines);
      else answerPast(cli, json, { ...shown, asOf: past.asOf }, lines);
      const since = `no status ${past === null ? 'has' : 'had'} changed since`;
      if (json !== true) cli.terminal.err(`${since} ${timeText(checkedAt, cli.clock.now())}\n`);
      cli.exit.code = checksExitCode(checks);
    });
};
