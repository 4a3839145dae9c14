import { createHash } from 'node:crypto';
import { formatCredits, type Size, sayOlder } from '#domain';
import { aggregates, categoryOf, type DomainEvent, isoTime, parseStreamName } from '#events';
import type { EventView } from '../client/views.ts';
import { bytesText, safeText, shortId } from '../output/text.ts';
import { backupSentences } from './backup-sentences.ts';

type EventByType = { readonly [Event in DomainEvent as Event['type']]: Event };
type EventType = keyof EventByType;
type Sentences = { readonly [Type in EventType]: (event: EventByType[Type]) => string };

/** One plain sentence about an event, from its data. Total: an event this build does not know gets its type and fields. */
export const sentenceOf = (event: EventView): string => safeText(known(event) ?? unknownSentence(event));

/** Who did it, short: `owner 1a2b3c4d`, `process vm-placement`. */
export const whoOf = (actor: string): string => {
  const colon = actor.indexOf(':');
  if (colon === -1) return safeText(actor);
  const [kind, name] = [actor.slice(0, colon), actor.slice(colon + 1)];
  return safeText(`${kind} ${/^[0-9a-f]{8}-/.test(name) ? shortId(name) : name}`);
};

const known = (event: EventView): string | null => {
  const stream = parseStreamName(event.stream);
  if (stream === null) return null;
  try {
    const recorded = { ...event, stream, revision: BigInt(event.revision) };
    const decoded: DomainEvent = aggregates[categoryOf(stream)].codec.decode(recorded);
    return sentence(decoded.type, decoded);
  } catch {
    // A newer cluster records events and versions that this build does not know: their fields still tell something.
    return null;
  }
};

const sentence = <Type extends EventType>(type: Type, event: EventByType[Type]): string => sentences[type](event);

const unknownSentence = (event: EventView): string => {
  const fields = Object.entries(event.data).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return fields.join(', ').slice(0, 200) || 'no further data';
};

const sizeText = (size: Size): string =>
  `${size.vcpus} vCPU, ${bytesText(size.memoryBytes)} memory, ${bytesText(size.diskBytes)} disk`;

const reasonsText = (reasons: Readonly<Record<string, number>>): string =>
  Object.entries(reasons)
    .map(([code, count]) => `${count} × ${code}`)
    .join(', ') || 'no miner is attached';

/** As ssh-keygen -l prints it; padding is left out there too. */
const fingerprintOf = (line: string): string => {
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
};

const launchText = ([first = '', ...more]: readonly string[]): string =>
  `${first.slice(0, 12)}…${more.length === 0 ? '' : ` (or ${more.length} more)`}`;

const refusalsText = (refusals: readonly { readonly code: string }[]): string =>
  refusals.length === 0 ? '' : `: ${refusals.map(({ code }) => code).join(', ')}`;

const sentences: Sentences = {
  VmRequested: (e) => `"${e.name}" wanted: ${e.flavorId} (${sizeText(e.size)}), image ${shortId(e.imageDigest)}`,
  VmAdmitted: (e) => `the first hour is paid for (hold ${shortId(e.holdId)})`,
  VmRefused: (e) => `refused, ${e.code}: ${e.detail}`,
  VmPlacementProposed: (e) => `miner ${shortId(e.minerId)} chosen for generation ${e.generation}, asking it for room`,
  VmPlacementRejected: (e) => `miner ${shortId(e.minerId)} has no room (${e.code}), choosing again`,
  VmPlacementFailed: (e) => `no miner fits: ${reasonsText(e.reasons)}; tried again when that changes`,
  VmPlacementDeclined: (e) => `room on miner ${shortId(e.minerId)} no longer wanted (${e.code})`,
  VmPlaced: (e) => `lives on miner ${shortId(e.minerId)}, generation ${e.generation}`,
  BootAuthorized: (e) => `boot ${e.bootEpoch} may start (${e.cause})`,
  VmStartRequested: () => 'start wanted',
  VmStopRequested: (e) => `stop wanted: ${e.reason}`,
  VmRebootRequested: () => 'reboot wanted',
  VmResizeRequested: (e) => `resize to ${e.flavorId} wanted (${sizeText(e.size)}), as generation ${e.generation}`,
  VmResized: (e) => `is ${e.flavorId} now (${sizeText(e.size)}), generation ${e.generation}`,
  VmResizeRefused: (e) => `not resized, ${e.code}: ${e.detail}; it keeps the size it has`,
  VmSshKeysChanged: (e) =>
    `lets in ${e.sshPublicKeys.length === 1 ? 'one SSH key' : `${e.sshPublicKeys.length} SSH keys`} from now on (version ${e.keysVersion})`,
  VmSshKeysApplied: (e) => `its running guest has taken version ${e.keysVersion} of the SSH keys`,
  VmTerminationRequested: () => 'removal wanted, disk included',
  VmStarting: (e) => `QEMU starts on miner ${shortId(e.minerId)}`,
  VmRunning: (e) =>
    `up, ssh at ${e.endpoint.host}:${e.endpoint.port}, host key ${e.sshHostKeyAttested ? 'attested' : 'UNATTESTED'}`,
  VmStopped: (e) => `stopped (${e.cause})${e.detail === '' ? '' : `: ${e.detail}`}`,
  VmFailed: (e) => `failed, ${e.code}: ${e.detail}`,
  VmLost: (e) =>
    `miner ${shortId(e.minerId)} is silent since ${isoTime(e.lastSeenAt)}; the disk is there, nothing is removed`,
  VmRecovered: (e) => `miner ${shortId(e.minerId)} is back`,
  VmDeadlinePassed: (e) => `still waiting for ${e.waitingFor} after its deadline ${isoTime(e.deadlineAt)}`,
  VmVolumeChosen: (e) =>
    `its disk is LUKS2, its key in the vault and in its guest only${e.integrity === 'none' ? '' : ` (integrity ${e.integrity})`}`,
  VmBootSpecified: (e) =>
    `boot spec fixed: launch digest ${launchText(e.launchDigests)}, base image ${e.baseRootHash.slice(0, 12)}…${e.consentNeeded ? '; older than last time, so its owner must consent' : ''}`,
  VmKeyAwaited: (e) => `its guest asks for the key of its disk, wanted by ${isoTime(e.deadlineAt)}`,
  VmKeyReleased: (e) =>
    `its disk key sealed to guest key ${e.guestKeySha256.slice(0, 8)} for ${e.mode === 'format' ? 'formatting' : 'unlocking'} (appraisal ${shortId(e.appraisalId)}, ${Math.max(0, Math.round((e.releasedAt - e.appraisedAt) / 1_000))} s old)`,
  VmImageKeyReleased: (e) =>
    `with it the key of its private image ${shortId(e.imageDigest)} (version ${e.keyVersion}), to the same guest key`,
  VmBootConfirmed: (e) => `unlocked, boot counter ${e.counter}, SSH host key ${fingerprintOf(e.sshHostKey)} attested`,
  VmRollbackSuspected: (e) => `its disk says it was ${sayOlder(e)}: it may be an older copy, and waits for its owner`,
  VmConsentGiven: (e) =>
    e.kind === 'launch' ? 'its owner allows the older start' : `its owner allows the disk that says ${e.counter} boots`,
  VmKeyDestroyed: (e) => `the key of its disk (version ${e.keyVersion}) is destroyed`,
  ...backupSentences,
  VmTerminated: (e) => (e.diskRemoved ? 'gone, its disk removed' : 'gone; it never had a disk'),

  AccountOpened: (e) => `account "${e.name}" opened`,
  SshKeyAdded: (e) => `${e.keyType} key ${e.fingerprint} added${e.comment === '' ? '' : ` (${e.comment})`}`,
  SshKeyRemoved: (e) => `key ${e.fingerprint} removed`,
  ApiTokenIssued: (e) => `${e.role} token ${shortId(e.tokenId)} issued (${e.label})`,
  ApiTokenRevoked: (e) => `token ${shortId(e.tokenId)} revoked`,
  CreditsDeposited: (e) => `${formatCredits(e.amount)} deposited${e.note === '' ? '' : `: ${e.note}`}`,
  CreditsHeld: (e) => `${formatCredits(e.amount)} held for vm ${shortId(e.vmId)}`,
  HoldRefused: (e) =>
    `hold of ${formatCredits(e.amount)} for vm ${shortId(e.vmId)} refused: ${formatCredits(e.available)} available, ${formatCredits(e.required)} wanted`,
  HoldReleased: (e) => `${formatCredits(e.amount)} of vm ${shortId(e.vmId)} released: ${e.reason}`,

  MinerInvited: (e) => `miner "${e.name}" invited until ${isoTime(e.expiresAt)}`,
  MinerEnrolled: (e) => `enrolled with key ${e.natsPublicKey.slice(0, 8)}…`,
  MinerAttached: (e) =>
    `agent ${e.agentVersion} attached (life ${e.agentEpoch}): ${e.accelerator}, platform ${platformText(e.platform)}, ${e.cpuModel}`,
  CapacityDeclared: (e) => `offers ${sizeText(e.capacity)}`,
  AllocationReserved: (e) => `room reserved for vm ${shortId(e.vmId)} generation ${e.generation}`,
  AllocationRefused: (e) =>
    `no room for vm ${shortId(e.vmId)} (${e.code}): free ${sizeText(e.free)}, wanted ${sizeText(e.wanted)}`,
  AllocationReleased: (e) => `room of vm ${shortId(e.vmId)} released: ${e.reason}`,
  MinerLost: (e) => `silent since ${isoTime(e.lastSeenAt)} (${e.missedBeats} beats missed)`,
  MinerReturned: () => 'heard again',
  HostChecked: ({ checks }) => {
    const bad = checks.filter(({ status }) => status === 'FAIL' || status === 'WARN');
    const said = bad.map(({ code, name, status }) => `${status} ${code} ${name}`).join(', ');
    return `host checked: ${said === '' ? 'all well' : said}`;
  },
  MinerDrainStarted: (e) =>
    `draining: ${e.reason}; nothing new is placed, its VMs go on${e.deadlineAt === null ? '' : `; wanted empty by ${isoTime(e.deadlineAt)}`}`,
  MinerDrained: () => 'drained: nothing of any VM is left',
  MinerUndrained: () => 'takes VMs again',

  MinerTrustChanged: (e) => `its host is ${e.tier} since the appraisal of ${isoTime(e.appraisedAt)}`,
  SlashingProposed: (e) =>
    `slashing proposed for ${e.ground} in appraisal ${shortId(e.appraisalId)}${e.needsCorroboration ? ', not to be upheld by itself' : ''}`,
  SlashingAppealed: (e) => `proposal ${shortId(e.proposalId)} appealed: ${e.reason}`,
  SlashingDecided: (e) => `proposal ${shortId(e.proposalId)} ${e.outcome}: ${e.reason}`,

  AttestationKeyEnrolled: (e) =>
    `attestation key ${e.akName.slice(0, 12)}… enrolled${e.isSimulated ? ', of a SIMULATED TPM' : ''}`,
  EvidenceAppraised: (e) =>
    `challenge ${e.nonceSha256.slice(0, 8)} answered, evidence judged ${e.tier}${e.platform === 'simulated' ? ' (SIMULATED)' : ''}${refusalsText(e.refusals)}${e.kind === 'host' ? `; next by ${isoTime(e.nextDueAt)}` : ''}`,
  AttestationOverdue: (e) => `no evidence by ${isoTime(e.dueAt)}, when it was due`,

  DeviceClaimed: (e) => `${e.deviceKind} ${e.deviceId.slice(0, 12)}… counts for miner ${shortId(e.minerId)}`,
  DeviceClaimRefused: (e) =>
    `miner ${shortId(e.minerId)} showed the ${e.deviceKind} of miner ${shortId(e.heldBy)}, and was refused`,
  DeviceReleased: (e) => `counts for no miner any more, ${shortId(e.minerId)} had it: ${e.reason}`,
  DeviceTransferred: (e) => `counts for miner ${shortId(e.to)} instead of ${shortId(e.from)}: ${e.reason}`,
  DeviceDisputed: (e) => `miner ${shortId(e.minerId)} says it is its own: ${e.reason}`,
  DeviceDisputeSettled: (e) => `${e.outcome}, counts for miner ${shortId(e.holder)}: ${e.reason}`,

  PolicyPublished: (e) => `policy ${e.name} version ${e.version}: ${e.reason}`,

  NetworkFounded: (e) => `network ${e.name} founded, ${e.kind === 'simulated' ? 'SIMULATED' : e.kind}`,

  ImageRegistered: (e) => `image ${e.manifest.name} ${e.manifest.version} registered as ${shortId(e.digest)}`,
  ImageRetired: (e) => `given to no new VM: ${e.reason}`,
  ImageMadePrivate: (e) => `private image of account ${shortId(e.owner)}, LUKS2 header ${e.headerSha256.slice(0, 12)}…`,
  ImageKeyKept: (e) => `its key (version ${e.keyVersion}) is in the vault`,
  ImageKeyWithdrawn: (e) => `its key goes to no guest any more: ${e.reason}`,
  ImageKeyDestroyed: (e) => `its key (version ${e.keyVersion}) is destroyed`,

  FlavorDefined: (e) => `flavor ${e.flavorId} offered: ${sizeText(e.size)}, ${formatCredits(e.pricePerHour)} an hour`,
  FlavorRetired: (e) => `no longer offered: ${e.reason}`,

  EventParked: (e) => `${e.consumer} could not handle ${e.eventType} of ${e.stream}@${e.revision}: ${e.reason}`,
  ParkedEventHandled: (e) => `event ${shortId(e.eventId)} handled after all`,
  ParkedEventRetryRequested: (e) => `event ${shortId(e.eventId)} to be tried again`,
  ParkedEventsRetryRequested: (e) => `${e.count} parked events to be tried again`,
  ParkedEventRetryFailed: (e) => `event ${shortId(e.eventId)} still fails, try ${e.attempts}: ${e.reason}`,
  ParkedEventSkipped: (e) => `event ${shortId(e.eventId)} is gone past, now and in every rebuild: ${e.reason}`,
};

/** What protects a VM from its host, in words that cannot be misread. */
export const platformText = (platform: string): string => {
  switch (platform) {
    case 'none':
      return 'none (NOT confidential)';
    case 'simulated':
      return 'simulated (SIMULATED, NOT confidential)';
    default:
      return platform;
  }
};
