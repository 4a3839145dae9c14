import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { type MetricsView, readMetrics, type UsageView } from '../client/host-reads.ts';
import { answer } from '../output/answer.ts';
import { facts } from '../output/table.ts';
import { bytesText } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

/** `hcc vm metrics`: what a VM has used, as its miner counts. */
export const addVmMetrics = (vm: Command, cli: Cli): void => {
  vm.command('metrics')
    .description('what a VM has used: counters that only rise')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm metrics web', 'hcc vm metrics web --json'))
    .action(async (text: string, _options, command: Command) => {
      const { api } = await connectFor(cli, command, 'owner');
      const { vmId } = await findVm(api, text);
      const metrics = await readMetrics(api.http, vmId);
      answer(cli, optionsOf(command).json, metrics, () => metricsFacts(metrics, cli.clock.now()));
    });
};

const metricsFacts = (metrics: MetricsView, now: number): string => {
  const { takenAt, boot, total, memoryBytes, networkBytes, heldBy } = metrics;
  return facts([
    ['vm', metrics.vmId],
    ['taken', timeText(takenAt, now)],
    ['memory now', memoryBytes === null ? '- (it does not run)' : bytesText(memoryBytes)],
    [boot === null ? 'boot' : `boot ${boot.bootEpoch}`, boot === null ? '- (none has run)' : usageText(boot.usage)],
    ['all boots', usageText(total)],
    [
      'network',
      networkBytes === null
        ? '- (nothing counts it)'
        : `${bytesText(networkBytes.received)} in, ${bytesText(networkBytes.sent)} out`,
    ],
    ['held by', heldBy.join(', ') || '-'],
  ]);
};

const usageText = (usage: UsageView): string =>
  [
    `up ${secondsText(usage.uptimeMs)}`,
    `processor ${secondsText(usage.cpuTimeMs)}`,
    `disk read ${bytesText(usage.diskReadBytes)} in ${usage.diskReadOperations}`,
    `written ${bytesText(usage.diskWrittenBytes)} in ${usage.diskWriteOperations}`,
  ].join(', ');

const secondsText = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
