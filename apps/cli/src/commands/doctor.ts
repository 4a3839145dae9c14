import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../cli-error.ts';
import { dirsOf } from '../context.ts';
import { type Checked, runChecks } from '../doctor/check.ts';
import { clusterChecks } from '../doctor/cluster-checks.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { answer } from '../output/answer.ts';
import type { Style } from '../output/style.ts';
import { safeText } from '../output/text.ts';
import { examples, jsonOption, optionsOf, outStyle } from './verbs.ts';

/** `hcc doctor`: is everything here that a cluster needs, and is the cluster well? */
export const addDoctorCommand = (program: Command, cli: Cli): void => {
  program
    .command('doctor')
    .description('check this machine and the cluster; exit 1 when something fails')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc doctor', 'hcc doctor --json'))
    .action(async (_options, command: Command) => {
      const options = optionsOf(command);
      const dirs = dirsOf(cli, options.home);
      const checks = await runChecks([...machineChecks(cli, dirs), ...clusterChecks(cli, options)]);
      const ok = checks.every(({ status }) => status !== 'FAIL');
      answer(cli, options.json, { ok, checks }, () => checks.map((each) => lineOf(each, outStyle(cli))).join(''));
      if (!ok) cli.exit.code = exitCodes.bad;
    });
};

/** One line: what it came to, which check, what was seen; what was wanted and the fix where it did not pass. */
const lineOf = ({ status, code, observed, wanted, fix }: Checked, style: Style): string => {
  const paint = { PASS: style.good, FAIL: style.bad, WARN: style.careful, SKIP: style.faint }[status];
  const rest = status === 'PASS' ? '' : `; wanted ${wanted}${fix === null ? '' : `; fix: ${fix}`}`;
  return `${paint(status)}  ${code.padEnd(24)}  observed ${safeText(`${observed}${rest}`)}\n`;
};
