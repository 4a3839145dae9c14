import { Command, CommanderError } from 'commander';
import { version } from '#edge/version';
import { type Cli, systemCli } from './cli.ts';
import { exitCodes } from './cli-error.ts';
import { addAccountCommands } from './commands/account.ts';
import { addAuditCommand } from './commands/audit.ts';
import { addCompletionCommands } from './commands/completion.ts';
import { addDeviceCommands } from './commands/device.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExportCommands } from './commands/export.ts';
import { addFlavorCommands } from './commands/flavor.ts';
import { addImageCommands } from './commands/image.ts';
import { addKeyCommands } from './commands/key.ts';
import { addMinerCommands } from './commands/miner.ts';
import { addParkedCommands } from './commands/parked.ts';
import { addPolicyCommands } from './commands/policy.ts';
import { addProjectionCommands } from './commands/projection.ts';
import { addSqlCommand } from './commands/sql.ts';
import { addStreamCommands } from './commands/stream.ts';
import { addUpCommand } from './commands/up.ts';
import { examples } from './commands/verbs.ts';
import { addVerifyLogCommand } from './commands/verify-log.ts';
import { addVmCommands } from './commands/vm.ts';
import { applyConventions } from './conventions/conventions.ts';
import { watchOn } from './conventions/watch.ts';
import type { HeavyNouns } from './heavy-nouns.ts';
import { failureJson, failureOf, failureText } from './output/errors.ts';

/** Runs one command line and promises its exit code: 0 ok, 1 a bad answer, 2 usage, 3 unreachable. Never throws. */
export const main = async (argv: readonly string[], cli: Cli = systemCli()): Promise<number> => {
  try {
    const heavy = await heavyFor(argv, cli);
    const run = async (as: Cli): Promise<void> => void (await buildProgram(as, heavy).parseAsync([...argv]));
    await run(cli);
    if (cli.manner.watch !== null) await watchOn(cli, cli.manner.watch, run);
    return cli.exit.code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      // The parser has told a person; a program reads one JSON value, whatever went wrong.
      const message = error.message.replace(/^error: /, '');
      if (wantsJson(argv)) sayJson(cli, { code: 'usage', message, wanted: 'what --help of the command shows' });
      return exitCodes.usage;
    }
    const failure = failureOf(error);
    cli.terminal.err(failureText(failure));
    if (wantsJson(argv)) sayJson(cli, failureJson(failure));
    return failure.exitCode;
  }
};

/**
 * The nouns that take long to load, where they may be meant; `null` for a command line that begins with another noun. Half
 * of what a call costs is loading what it does not use, and a shell calls at every press of the tab key.
 */
const heavyFor = async (argv: readonly string[], cli: Cli): Promise<HeavyNouns | null> => {
  const [noun, verb] = operandsOf(argv.slice(2));
  const light = buildProgram(cli, null).commands;
  const isLight = light.some((command) => command.name() === noun || command.aliases().includes(noun ?? ''));
  // The script for a shell names every noun; the ids of things do not.
  const isWhole = noun === 'completion' && verb !== 'ids';
  if ((isLight && !isWhole) || argv[2] === '--version' || argv[2] === '-V') return null;
  return (await import('./heavy-nouns.ts')).heavyNouns;
};

/** The words of a command line that are no options, nor belong to one of the program's own. */
const operandsOf = (args: readonly string[]): readonly string[] =>
  args.filter((arg, at) => !arg.startsWith('-') && !/^--(url|token-file|home)$/.test(args[at - 1] ?? ''));

/** The command tree, bound to a machine: all of it, or without the nouns that take long to load. */
export const buildProgram = (cli: Cli, heavy: HeavyNouns | null): Command => {
  const program: Command = new Command('hcc')
    .description('Hippius Confidential Compute: run VMs on hosts nobody has to trust, and see why anything happened')
    .version(version, '-V, --version', 'which build this is')
    .exitOverride()
    // Of a command below another one, only what belongs to all of them: not what its parent takes for itself.
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions: (command) => (command === program ? [] : [...program.options]),
    })
    .configureOutput({ writeOut: cli.terminal.out, writeErr: cli.terminal.err })
    .showHelpAfterError('(add --help for what is possible)')
    .option('--url <url>', 'the cluster to talk to (default: HCC_URL, else the one of this home)')
    .option('--token-file <file>', 'file with the API token to use (default: HCC_TOKEN_FILE, else of this home)')
    .option('--home <dir>', 'where a local cluster keeps its state (default: HCC_HOME, else ./.hcc)')
    .addHelpText('after', examples('hcc up', 'hcc vm create --name web', 'hcc vm ssh web', 'hcc stream show vm-1a2b'));
  program.addHelpText(
    'after',
    '\nExit codes: 0 ok, 1 it ran and the answer is bad, 2 usage, 3 nobody could be reached.\n',
  );
  addUpCommand(program, cli);
  addVmCommands(program, cli);
  addMinerCommands(program, cli);
  addAccountCommands(program, cli);
  addKeyCommands(program, cli);
  addStreamCommands(program, cli);
  addExportCommands(program, cli);
  addSqlCommand(program, cli);
  addVerifyLogCommand(program, cli);
  addImageCommands(program, cli);
  addFlavorCommands(program, cli);
  addParkedCommands(program, cli);
  addProjectionCommands(program, cli);
  heavy?.addAttestCommands(program, cli);
  heavy?.addPassportCommands(program, cli);
  addDeviceCommands(program, cli);
  addPolicyCommands(program, cli);
  heavy?.addVaultCommands(program, cli);
  addAuditCommand(program, cli);
  addDoctorCommand(program, cli);
  addCompletionCommands(program, cli);
  return applyConventions(program, cli);
};

const sayJson = (cli: Cli, error: object): void => cli.terminal.out(`${JSON.stringify({ ok: false, error })}\n`);

/** Asked before any `--`: what follows that belongs to somebody else's command line. */
const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return own.includes('--json') || own.includes('--format=json') || own[own.indexOf('--format') + 1] === 'json';
};
