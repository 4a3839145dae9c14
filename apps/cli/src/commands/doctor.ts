import type { Command } from 'commander';
import { checksExitCode, runChecks } from '#host';
import type { Cli } from '../cli.ts';
import { dirsOf } from '../context.ts';
import { checkLines } from '../doctor/check-lines.ts';
import { clusterChecks } from '../doctor/cluster-checks.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { answer } from '../output/answer.ts';
import { examples, jsonOption, optionsOf, outStyle } from './verbs.ts';

/** `hcc doctor`: is everything here that a cluster needs, and is the cluster well? */
export const addDoctorCommand = (program: Command, cli: Cli): void => {
  program
    .command('doctor')
    .description('check this machine and the cluster; exit 0 all well, 1 a warning, 2 a failure')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc doctor', 'hcc doctor --json'))
    .action(async (_options, command: Command) => {
      const options = optionsOf(command);
      const dirs = dirsOf(cli, options.home);
      const checks = await runChecks([...machineChecks(cli, dirs), ...clusterChecks(cli, options)]);
      const ok = checks.every(({ status }) => status !== 'FAIL');
      answer(cli, options.json, { ok, checks }, () => checkLines(checks, outStyle(cli)));
      cli.exit.code = checksExitCode(checks);
    });
};
