import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { type ConsoleView, readConsole } from '../client/host-reads.ts';
import type { Http } from '../client/http.ts';
import { isApiProblem } from '../client/problem.ts';
import { countOption } from '../input/amounts.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { safeText } from '../output/text.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';
import { findVm } from './vm-find.ts';

/** `hcc vm console`: the guest's own words. */
export const addVmConsole = (vm: Command, cli: Cli): void => {
  vm.command('console')
    .description('what the guest wrote to its serial console last')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option(...countOption('--bytes <n>', 'at most this much', { min: 1, max: 999_999_999 }))
    .option(...countOption('-n, --lines <n>', 'at most this many lines', { min: 1, max: 999_999_999 }))
    .option('-f, --follow', 'keep showing what it writes; Ctrl-C ends it')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm console web', 'hcc vm console web --lines 20 --follow'))
    .action(async (text: string, _options, command: Command) => {
      const { json, bytes, lines, follow } = optionsOf<{ bytes?: number; lines?: number; follow?: boolean }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const { vmId } = await findVm(api, text);
      const last = await readConsole(api.http, vmId, { bytes: bytes ?? (lines && limits.consoleBytes) });
      const shown = lines === undefined ? last : lastLines(last, lines);
      if (follow !== true) {
        return answer(cli, json, { vmId, ...shown }, () => safeText(shown.text, 'lines').replace(/\n?$/, '\n'));
      }
      const tell = (part: ConsoleView): void =>
        cli.terminal.out(json === true ? `${JSON.stringify({ vmId, ...part })}\n` : safeText(part.text, 'lines'));
      tell(shown);
      await untilStopped(cli, (signal) => followConsole(cli, api.http, { vmId, from: shown.end, tell, signal }));
    });
};

type Following = {
  readonly vmId: string;
  readonly from: number;
  readonly tell: (part: ConsoleView) => void;
  readonly signal: AbortSignal;
};

/** Asks for what came after the last offset, again and again. What is gone meanwhile is said; a host that does not
 *  answer is asked again. */
const followConsole = async (cli: Cli, http: Http, { vmId, from, tell, signal }: Following): Promise<void> => {
  let after = from;
  let isAway = false;
  while (!signal.aborted) {
    try {
      const part = await readConsole(http, vmId, { bytes: limits.consoleBytes, after });
      if (isAway) cli.terminal.err('hcc: the miner answers again\n');
      isAway = false;
      if (part.end < after) cli.terminal.err('hcc: the console began anew\n');
      else if (part.start > after) cli.terminal.err(`hcc: ${part.start - after} bytes were not kept\n`);
      if (part.text !== '') tell(part);
      const isBehind = part.end - part.start >= limits.consoleBytes;
      after = part.end;
      if (isBehind) continue;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (!isAway) cli.terminal.err(`hcc: ${error.message}; asking again\n`);
      isAway = true;
    }
    await cli.clock.sleep(limits.consoleFollowMs, signal);
  }
};

/** Nobody answered just now, which may pass; a VM that is not there will not come. */
const isPassing = (error: unknown): error is Error =>
  isApiProblem(error, 'bus-unavailable') || (error instanceof CliError && error.exitCode === exitCodes.unreachable);

const lastLines = (part: ConsoleView, count: number): ConsoleView => {
  const lines = part.text.split('\n');
  // A text that ends its last line has an empty rest after it, which is no line.
  const kept = lines.slice(-count - (lines.at(-1) === '' ? 1 : 0)).join('\n');
  return { ...part, text: kept, start: part.end - Buffer.byteLength(kept) };
};
