import { z } from 'zod';
import {
  type AttestationRequest,
  askAnswer,
  attestationMessages,
  backupAnswer,
  backupCall,
  consoleAnswer,
  consoleCall,
  desiredSpec,
  drainWish,
  type GuestRequest,
  guestRequests,
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
  /** What our side does there: the orchestrator, or an attestor. */
  readonly does: 'send' | 'receive';
  readonly message: z.ZodType;
  readonly reply?: z.ZodType;
};

/** `attest` and `guest-challenge` as `attestGuestChallenge`. */
function channelName(prefix: string, name: string): string {
  const words = name.split('-').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return `${prefix}${words.join('')}`;
}

const minerId = '{minerId}';
const vmId = '{vmId}';
const empty = z.literal('').describe('No bytes');

const attestationRequests: Readonly<Record<AttestationRequest, string>> = {
  challenge: 'A miner asks an attestor for a fresh nonce',
  enrol: 'A miner shows its attestation key, and is given a credential that only its TPM can open',
  activate: 'A miner answers with what its TPM found in the credential: the key is enrolled',
  chip: 'A simulated processor asks for its certificate; refused on a production network',
  ima: 'A part of a measurement list that is too large for its evidence, sent ahead of it',
  evidence: 'A miner sends evidence, and is told the verdict and when the next is due',
  'guest-challenge': 'A VM asks an attestor for a fresh nonce, through its miner',
  'guest-evidence': 'A VM sends evidence through its miner, and is told the verdict',
};

/** Requests of a miner to whichever attestor is free; what an attestor does with them, the orchestrator never hears. */
const attestation: readonly Channel[] = Object.entries(attestationMessages).map(([name, { ask, answer }]) => {
  const what = name as AttestationRequest;
  return {
    name: channelName('attest', name),
    address: subjects.attest(minerId, what),
    description: attestationRequests[what],
    does: 'receive',
    message: ask,
    reply: answer,
  };
});

const guestMeanings: Readonly<Record<GuestRequest, string>> = {
  release:
    'A VM asks for the key of its volume, through its miner: sealed to the key in its Attestation Result, signed by the network',
  confirm: 'A VM that opened its volume asks for leave to go on: boot counter, header, SSH host key',
};

/** Requests of guests, passed on by miners that can neither read nor forge them. */
const guests: readonly Channel[] = Object.entries(guestRequests).map(([name, { ask, answer }]) => {
  const what = name as GuestRequest;
  return {
    name: channelName('guest', name),
    address: subjects.guest(minerId, what),
    description: guestMeanings[what],
    does: 'receive',
    message: ask,
    reply: answer,
  };
});

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
    name: 'askDrain',
    address: subjects.ask(minerId, 'drain'),
    description: 'Who keeps a miner wants it drained, or given VMs again: a miner of itself only',
    does: 'receive',
    message: drainWish,
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
  {
    name: 'callBackup',
    address: subjects.call(minerId, 'backup'),
    description: 'A miner is asked whether its store has a backup, before a VM is restored onto it',
    does: 'send',
    message: backupCall,
    reply: backupAnswer,
  },
  ...attestation,
  ...guests,
  {
    name: 'due',
    address: subjects.due(minerId),
    description: 'An attestor tells a miner to give evidence now',
    does: 'send',
    message: empty,
  },
];
