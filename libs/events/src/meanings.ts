import type { DomainEvent } from './aggregates.ts';

/** What an event says, for the catalogue: one sentence, and whose doing it is. */
export type EventMeaning = readonly [meaning: string, writer: string];

const owner = 'an owner or an operator, by command';
const operator = 'an operator, by command';
const miner = "a miner's report, judged by the orchestrator";
const placement = 'the process vm-placement';
const admission = 'the process vm-admission';
const attestor = 'the attestor';
const claims = 'the process device-claims';
const guests = 'the process vm-boots';
const release = "a guest's evidence, judged by the attestor and taken by the orchestrator";
const consumer = 'that consumer';

/** Every event there is. Total: a new event without its sentence does not compile. */
export const eventMeanings: Readonly<Record<DomainEvent['type'], EventMeaning>> = {
  VmRequested: ['Somebody asked for a VM; its keys, size and first hold are fixed here', owner],
  VmAdmitted: ['The first hour is held on the account; the VM may be placed', admission],
  VmRefused: ['The VM will not be: the account could not hold the first hour', admission],
  VmPlacementProposed: ['A miner was chosen, and is asked to reserve', placement],
  VmPlacementRejected: ['The chosen miner could not reserve; another is chosen', placement],
  VmPlacementFailed: ['No miner fits; how many lack what. Tried again when a miner changes', placement],
  VmPlacementDeclined: ['A reservation came for a VM that no longer wants it', placement],
  VmPlaced: ['A miner holds the VM in this generation', placement],
  BootAuthorized: ['One boot may be started, once, under this bootId', 'what caused the boot'],
  VmStartRequested: ['The VM shall run', owner],
  VmStopRequested: ['The VM shall stop; its disk is kept', owner],
  VmRebootRequested: ['The VM shall stop and boot again', owner],
  VmResizeRequested: ['The stopped VM shall have another size, as a new generation', owner],
  VmResized: ['Its miner has set the new size aside; the next boot has it', placement],
  VmResizeRefused: ['Too few credits or too little room: it keeps the size it has', 'the process vm-resize'],
  VmSshKeysChanged: ['Exactly these keys shall be let in', owner],
  VmSshKeysApplied: ['The guest that runs has taken the newest keys', miner],
  VmTerminationRequested: ['The VM and its disk shall be gone', owner],
  VmStarting: ['Its miner has started QEMU', miner],
  VmRunning: ['The guest says it is ready, and how it is reached', miner],
  VmStopped: ['QEMU is gone, and why', miner],
  VmFailed: ['Its miner cannot run it, and why', miner],
  VmLost: ['Its miner is silent; nothing is known of the VM and nothing is moved', 'the process miner-lost'],
  VmRecovered: ['Its lost miner is heard again', 'the process miner-lost'],
  VmDeadlinePassed: [
    'It has waited longer than it should; nothing is destroyed because of that',
    'the process deadlines',
  ],
  VmVolumeChosen: ["The VM's disk is LUKS2, its key in the vault and in its attested guest only", owner],
  VmBootSpecified: ['What this boot may start, all of it measured; its key is released for nothing else', guests],
  VmKeyAwaited: ['Its guest runs and waits for the key of its disk; nothing is destroyed by waiting', miner],
  VmKeyReleased: ["An affirming verdict earned this guest key the disk's key, sealed to it", release],
  VmImageKeyReleased: ['The same guest key got the key of the private image that fills its disk', release],
  VmBootConfirmed: ['Its guest has opened its volume: header, boot counter and SSH host key are attested', release],
  VmRollbackSuspected: [
    'The volume was not opened last by the boot that was confirmed last: it may be an older copy',
    release,
  ],
  VmConsentGiven: ['For this boot, its owner allows an older volume or an older start', owner],
  VmKeyDestroyed: ['The vault has overwritten the key of the disk: nobody reads it any more', guests],
  VmBackupRequested: ['The stopped VM shall be copied, as ciphertext with its header', owner],
  VmBackupMade: ['A copy of its volume is complete in the store of its miner', miner],
  VmBackupFailed: ['The copy was not made; the disk and the backups before are as they were', miner],
  VmBackupRemoved: ['A backup counts no more; what no other one needs of it may go from the store', owner],
  VmRestoreRequested: ['Its disk shall become what a backup has, on that miner, as a new generation', owner],
  VmRestoreRefused: ['That miner has too little room, or the VM came back first: it keeps the disk it has', placement],
  VmCopyRemoved: ['A miner that held it before has removed what it had of it', miner],
  VmTerminated: ['Nothing of the VM is left but this stream', miner],

  AccountOpened: ['An account exists', operator],
  SshKeyAdded: ['New VMs of the account let this key in', owner],
  SshKeyRemoved: ['New VMs let this key in no more; VMs that have it keep it', owner],
  ApiTokenIssued: ['A token is let in, known by its digest only', owner],
  ApiTokenRevoked: ['A token is let in no more', owner],
  CreditsDeposited: ['Credits were paid in', operator],
  CreditsHeld: ['Credits are set aside for a VM', admission],
  HoldRefused: ['There were too few credits to set aside', admission],
  HoldReleased: ['What was set aside may be spent again', 'the process vm-admission, or the reconciler'],

  MinerInvited: ['A host may join with this join token, known by its digest only', operator],
  MinerEnrolled: ['A host has joined with a key of its own', 'the miner, with its join token'],
  MinerAttached: ["The miner's agent began a life, and what host it runs on", miner],
  CapacityDeclared: ['What the miner offers to VMs', miner],
  AllocationReserved: ['A part of the capacity is kept for a VM', placement],
  AllocationRefused: [
    'The capacity did not suffice, or the miner takes nothing (lost, draining, distrusted)',
    placement,
  ],
  AllocationReleased: ['A part of the capacity is free again', 'the process vm-placement, or the reconciler'],
  MinerLost: ['The miner has missed its beats while we listened', 'the miner watch'],
  HostChecked: ["What the host's checks came to is not what it was", miner],
  MinerReturned: ['A lost miner is heard again', 'the miner watch'],
  MinerDrainStarted: ['Nothing more is placed on the miner; what it holds goes on', operator],
  MinerDrained: ['A draining miner holds nothing any more', 'what released the last allocation'],
  MinerUndrained: ['VMs may be placed on the miner again', operator],

  MinerTrustChanged: ["The verdict on the host's evidence is another than before", 'the process miner-trust'],
  SlashingProposed: [
    'The evidence failed as nothing innocent explains; nothing is taken until it is decided',
    'the process slashing',
  ],
  SlashingAppealed: ['Why the proposal is said to be wrong', 'an operator, for the miner'],
  SlashingDecided: ['The proposal is upheld or withdrawn, and why', operator],

  AttestationKeyEnrolled: ['An attestation key was proved to live in the TPM with that endorsement key', attestor],
  EvidenceAppraised: ['Evidence for a fresh nonce was verified and judged; this uses the nonce up', attestor],
  AttestationOverdue: ['The time for the next evidence has passed without any', attestor],

  DeviceClaimed: ['A secure processor or TPM counts for this miner, and for no other', claims],
  DeviceClaimRefused: ['Another miner showed a device that counts for this one', claims],
  DeviceReleased: ['The device counts for no miner any more', operator],
  DeviceTransferred: ['The device counts for another miner from now on', operator],
  DeviceDisputed: ['Another miner says that the device is its own', 'an operator, for a miner'],
  DeviceDisputeSettled: ['Whose the device is was decided, and why', operator],

  PolicyPublished: ['A policy has a new version; what it judges from now on names it', operator],

  NetworkFounded: ['What this network is for ever: its name, its kind, its keys', 'the first start'],

  ImageRegistered: ['An image may be booted; what it consists of, and what of it is measured', operator],
  ImageRetired: ['The image is given to no new VM; VMs that have it go on', operator],
  ImageMadePrivate: ['Its root file system is encrypted, and only VMs of this account may be filled from it', owner],
  ImageKeyKept: ['Its owner has handed its key to the vault', owner],
  ImageKeyWithdrawn: ['Its key goes to no guest any more, and shall be destroyed', owner],
  ImageKeyDestroyed: [
    'The vault has overwritten the key of the image: no new VM is filled from it',
    'the process key-destruction',
  ],

  FlavorDefined: ['A size is offered at a price; neither ever changes', operator],
  FlavorRetired: ['The flavor is no longer offered; VMs that have it go on', operator],

  EventParked: ['A consumer cannot handle an event, and why; its stream waits in that consumer', consumer],
  ParkedEventRetryRequested: ['Somebody asked to try one parked event again', operator],
  ParkedEventsRetryRequested: ['Somebody asked to try all that stood parked by then', operator],
  ParkedEventRetryFailed: ['A retry that was asked for failed too', consumer],
  ParkedEventSkipped: ['The consumer does without the event, now and in every rebuild', operator],
  ParkedEventHandled: ['The consumer has handled it after all', consumer],
};
