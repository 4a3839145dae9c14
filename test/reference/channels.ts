import { z } from 'zod';
import {
  askAnswer,
  consoleAnswer,
  consoleCall,
  desiredSpec,
  hostReport,
  metricsAnswer,
  metricsCall,
  subjects,
  vmReport,
} from '#events';

export type Channel = {
  readonly name: string;
  /** A subject as `subjects` makes it, with `{...}` where the ids go. */
  readonly address: string;
  readonly description: string;
  /** What the orchestrator does there. */
  readonly does: 'send' | 'receive';
  readonly message: z.ZodType;
  readonly reply?: z.ZodType;
};

const minerId = '{minerId}';
const vmId = '{vmId}';
const empty = z.literal('').describe('No bytes');

/** Every subject beside those of events. They are made by the code's own functions, so a renamed subject renames them here. */
export const channels: readonly Channel[] = [
  {
    name: 'work',
    address: subjects.work(minerId, vmId),
    description: 'The whole desired spec of one VM; the last message per subject counts, its absence means nothing',
    does: 'send',
    message: desiredSpec,
  },
  {
    name: 'spec',
    address: subjects.spec(minerId),
    description: "Where the server pushes a miner's work to it, from the stream WORK",
    does: 'send',
    message: desiredSpec,
  },
  {
    name: 'report',
    address: subjects.report(minerId, vmId),
    description: "A miner's whole observation of one VM, sent on change and now and then again",
    does: 'receive',
    message: vmReport,
  },
  {
    name: 'host',
    address: subjects.host(minerId),
    description: "A miner's facts and capacity",
    does: 'receive',
    message: hostReport,
  },
  {
    name: 'beat',
    address: subjects.beat(minerId),
    description: 'The miner says that it is there; telemetry, never stored',
    does: 'receive',
    message: empty,
  },
  {
    name: 'askSync',
    address: subjects.ask(minerId, 'sync'),
    description: 'A miner asks for all its specs anew',
    does: 'receive',
    message: empty,
    reply: askAnswer,
  },
  {
    name: 'askRenew',
    address: subjects.ask(minerId, 'renew'),
    description: 'A miner asks for new credentials; the text of the answer holds them',
    does: 'receive',
    message: empty,
    reply: askAnswer,
  },
  {
    name: 'callConsole',
    address: subjects.call(minerId, 'console'),
    description: "A miner is asked for bytes of a VM's serial log",
    does: 'send',
    message: consoleCall,
    reply: consoleAnswer,
  },
  {
    name: 'callMetrics',
    address: subjects.call(minerId, 'metrics'),
    description: "A miner is asked for a VM's counters",
    does: 'send',
    message: metricsCall,
    reply: metricsAnswer,
  },
];
