import { Refusal, unreachable } from '../errors.ts';
import { assertHostName } from '../values/names.ts';
import { formatSize, type Size, sameSize } from '../values/size.ts';
import { releaseAllocation, reserveAllocation, resizeAllocation } from './allocate.ts';
import type { MinerCommand } from './commands.ts';
import { drainMiner, undrainMiner } from './drain.ts';
import type { HostCheck, MinerEvent } from './events.ts';
import { capacityMax } from './limits.ts';
import { appealSlashing, decideSlashing, proposeSlashing } from './slashing.ts';
import type { Attachment, Miner, MinerState } from './state.ts';

/** What a command does to a miner: events, `[]` when it is already so, or a thrown {@link Refusal}. */
export const decide = (state: MinerState, command: MinerCommand): readonly MinerEvent[] => {
  if (command.type === 'InviteMiner') return inviteMiner(state, command);
  if (state === null) throw new Refusal('miner-not-found', 'there is no such miner; `hcc miner ls` lists them');
  switch (command.type) {
    case 'EnrolMiner':
      return enrolMiner(state, command);
    case 'AttachMiner':
      return attachMiner(state, command);
    case 'DeclareCapacity':
      return declareCapacity(state, command);
    case 'ReportHostChecks':
      return reportHostChecks(state, command);
    case 'ReserveAllocation':
      assertSize('wanted size', command.size);
      return reserveAllocation(state, command);
    case 'ResizeAllocation':
      assertSize('wanted size', command.size);
      return resizeAllocation(state, command);
    case 'ReleaseAllocation':
      return releaseAllocation(state, command);
    case 'DeclareMinerLost': {
      const { lastSeenAt, missedBeats } = command;
      // Who never came cannot go missing.
      if (state.attachment === null || state.lost !== null) return [];
      return [{ type: 'MinerLost', lastSeenAt, missedBeats }];
    }
    case 'MarkMinerReturned':
      return state.lost === null ? [] : [{ type: 'MinerReturned' }];
    case 'DrainMiner':
      return drainMiner(state, command);
    case 'UndrainMiner':
      return undrainMiner(state);
    case 'NoteTrust':
      return noteTrust(state, command);
    case 'ProposeSlashing':
      return proposeSlashing(state, command);
    case 'AppealSlashing':
      return appealSlashing(state, command);
    case 'DecideSlashing':
      return decideSlashing(state, command);
    default:
      return unreachable(command);
  }
};

type Command<Type extends MinerCommand['type']> = Extract<MinerCommand, { type: Type }>;

const inviteMiner = (state: MinerState, command: Command<'InviteMiner'>): readonly MinerEvent[] => {
  const { minerId, name, joinTokenSha256, expiresAt } = command;
  if (state !== null) {
    const isSame =
      state.minerId === minerId &&
      state.name === name &&
      state.joinTokenSha256 === joinTokenSha256 &&
      state.joinExpiresAt === expiresAt;
    if (isSame) return [];
    throw new Refusal(
      'miner-exists-with-other-content',
      `miner ${minerId} was invited already, as ${state.name} with another token or expiry; use a new minerId`,
      { minerId },
    );
  }
  assertHostName('miner', name);
  return [{ type: 'MinerInvited', minerId, name, joinTokenSha256, expiresAt }];
};

/** The token is looked at first, so that a stranger learns nothing about who has enrolled. */
const enrolMiner = (miner: Miner, command: Command<'EnrolMiner'>): readonly MinerEvent[] => {
  const { natsPublicKey, joinTokenSha256, now } = command;
  if (!sameDigest(joinTokenSha256, miner.joinTokenSha256)) {
    throw new Refusal('join-token-wrong', `the join token is not the one that miner ${miner.minerId} was invited with`);
  }
  if (miner.natsPublicKey === natsPublicKey) return [];
  if (miner.natsPublicKey !== null) {
    throw new Refusal(
      'miner-enrolled-with-other-key',
      `miner ${miner.minerId} has enrolled already with key ${miner.natsPublicKey}; a token admits one host: invite a new miner`,
    );
  }
  if (now >= miner.joinExpiresAt) {
    throw new Refusal(
      'join-token-expired',
      `the join token of miner ${miner.minerId} has expired; invite a new miner`,
      {
        expiredMsAgo: now - miner.joinExpiresAt,
      },
    );
  }
  return [{ type: 'MinerEnrolled', natsPublicKey }];
};

/** Compares every character, so that the time taken does not tell how many of the first ones were right. */
const sameDigest = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
};

const attachMiner = (miner: Miner, command: Command<'AttachMiner'>): readonly MinerEvent[] => {
  assertEnrolled(miner);
  const { agentEpoch, agentVersion, hostBootId, accelerator, platform, cpuModel } = command;
  const facts: Attachment = { agentEpoch, agentVersion, hostBootId, accelerator, platform, cpuModel };
  const known = miner.attachment;
  if (known !== null && (agentEpoch < known.agentEpoch || sameFacts(known, facts))) return [];
  return [{ type: 'MinerAttached', ...facts }];
};

const sameFacts = (a: Attachment, b: Attachment): boolean =>
  a.agentEpoch === b.agentEpoch &&
  a.agentVersion === b.agentVersion &&
  a.hostBootId === b.hostBootId &&
  a.accelerator === b.accelerator &&
  a.platform === b.platform &&
  a.cpuModel === b.cpuModel;

/** A capacity below what is reserved is accepted: it is a fact, it ends no VM, and nothing more is placed. */
const declareCapacity = (miner: Miner, { capacity }: Command<'DeclareCapacity'>): readonly MinerEvent[] => {
  assertEnrolled(miner);
  assertSize('capacity', capacity);
  return sameSize(miner.capacity, capacity) ? [] : [{ type: 'CapacityDeclared', capacity }];
};

/** Only another tier is news here; each verdict is on the attester's own stream. One that comes late changes nothing. */
const noteTrust = (miner: Miner, command: Command<'NoteTrust'>): readonly MinerEvent[] => {
  const { tier, appraisalId, appraisedAt } = command;
  if (miner.trust !== null && (miner.trust.tier === tier || appraisedAt < miner.trust.appraisedAt)) return [];
  return [{ type: 'MinerTrustChanged', tier, appraisalId, appraisedAt }];
};

/** A change of a status is an event; free disk and memory vary with every look, and are none. */
const reportHostChecks = (miner: Miner, { checks }: Command<'ReportHostChecks'>): readonly MinerEvent[] => {
  assertEnrolled(miner);
  const statuses = (of: readonly HostCheck[]): string => of.map(({ code, status }) => `${code} ${status}`).join('\n');
  const isSame = miner.hostChecks !== null && statuses(miner.hostChecks) === statuses(checks);
  return isSame ? [] : [{ type: 'HostChecked', checks }];
};

const assertEnrolled = (miner: Miner): void => {
  if (miner.natsPublicKey !== null) return;
  throw new Refusal('miner-not-enrolled', `miner ${miner.minerId} has not enrolled; use its join token first`);
};

const assertSize = (what: string, size: Size): void => {
  const isCount = (value: number, max: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= max;
  const isPossible =
    isCount(size.vcpus, capacityMax.vcpus) &&
    isCount(size.memoryBytes, capacityMax.memoryBytes) &&
    isCount(size.diskBytes, capacityMax.diskBytes);
  if (isPossible) return;
  throw new Refusal(
    'invalid-capacity',
    `the ${what} ${formatSize(size)} is not possible; use whole numbers from 0 to ${formatSize(capacityMax)}`,
  );
};
