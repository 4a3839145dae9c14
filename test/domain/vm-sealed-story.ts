import {
  type BootSpecification,
  bootDeadlineMs,
  keyDeadlineMs,
  type VmEvent,
  type VmSealedEvent,
  type VolumeIntegrity,
} from '#domain';
import { minerId, noon, sha256Of, uuid } from './samples.ts';
import { boot, digest, endpoint, happened, sshHostKey, until, type VmCommandOf, type VmEventOf } from './vm-story.ts';

export const hybrid = 'x-wing/hkdf-sha256/aes-256-gcm';
export const classical = 'x25519/hkdf-sha256/aes-256-gcm';
export const headerSha256 = sha256Of('7');
export const otherHeader = sha256Of('8');
export const guestKeySha256 = sha256Of('5');
export const otherGuestKey = sha256Of('6');
const appraisalId: string = uuid(71);

/** What the n-th boot is given to start. */
export const specification = (n = 1, more: Partial<BootSpecification> = {}): BootSpecification => ({
  bootId: boot(n),
  generation: 1,
  bootSpec: `{"bootId":"${boot(n)}"}`,
  bootDigest: sha256Of('1'),
  bootRevision: 5,
  kernelSha256: sha256Of('2'),
  initrdSha256: sha256Of('3'),
  baseRootHash: sha256Of('4'),
  cmdline: 'console=ttyS0',
  launchDigests: ['ab'.repeat(48)],
  ...more,
});

const appraised = { appraisalId, appraisedAt: noon, tier: 'affirming' } as const;
const said = (n: number) => ({ now: noon, minerId, generation: 1, bootId: boot(n), ...appraised });

export const specify = (n = 1, more: Partial<BootSpecification> = {}, now = noon): VmCommandOf<'SpecifyBoot'> => ({
  type: 'SpecifyBoot',
  now,
  ...specification(n, more),
});
export const release = (n = 1, more: Partial<VmCommandOf<'ReleaseKey'>> = {}): VmCommandOf<'ReleaseKey'> => ({
  type: 'ReleaseKey',
  ...said(n),
  ...{ guestKeySha256, suite: hybrid, keyVersion: 1, allowClassical: false },
  ...more,
});
export const confirm = (
  n = 1,
  counter = 1,
  more: Partial<VmCommandOf<'ConfirmBoot'>> = {},
): VmCommandOf<'ConfirmBoot'> => ({ type: 'ConfirmBoot', ...said(n), headerSha256, counter, sshHostKey, ...more });

/** Events of a sealed VM, as they are stored. */
export const sealed = {
  chosen: (integrity: VolumeIntegrity = 'none'): VmEventOf<'VmVolumeChosen'> => ({ type: 'VmVolumeChosen', integrity }),
  specified: (n = 1, more: Partial<VmEventOf<'VmBootSpecified'>> = {}): VmEventOf<'VmBootSpecified'> => ({
    type: 'VmBootSpecified',
    ...specification(n),
    consentNeeded: false,
    ...more,
  }),
  keyAwaited: (n = 1): VmEventOf<'VmKeyAwaited'> => ({
    type: 'VmKeyAwaited',
    bootId: boot(n),
    awaitedSince: noon,
    deadlineAt: noon + keyDeadlineMs,
  }),
  released: (n = 1, more: Partial<VmEventOf<'VmKeyReleased'>> = {}): VmEventOf<'VmKeyReleased'> => ({
    ...{ type: 'VmKeyReleased', bootId: boot(n), generation: 1, minerId, guestKeySha256, suite: hybrid },
    ...{ appraisalId, appraisedAt: noon, mode: 'format', headerSha256: null, counter: n, keyVersion: 1 },
    ...{ releasedAt: noon, deadlineAt: noon + bootDeadlineMs },
    ...more,
  }),
  imageKeyReleased: (n = 1): VmEventOf<'VmImageKeyReleased'> => ({
    ...{ type: 'VmImageKeyReleased', bootId: boot(n), guestKeySha256, imageDigest: digest, keyVersion: 3 },
  }),
  confirmed: (n = 1, counter = 1, more: Partial<VmEventOf<'VmBootConfirmed'>> = {}): VmEventOf<'VmBootConfirmed'> => ({
    ...{ type: 'VmBootConfirmed', bootId: boot(n), generation: 1, minerId, appraisalId },
    ...{ headerSha256, counter, sshHostKey },
    ...more,
  }),
  suspected: (counter: number, expectedAbove: number, n = 1): VmEventOf<'VmRollbackSuspected'> => ({
    type: 'VmRollbackSuspected',
    bootId: boot(n),
    counter,
    expectedAbove,
  }),
  rollbackAllowed: (counter: number, n = 1): VmEventOf<'VmConsentGiven'> => ({
    type: 'VmConsentGiven',
    kind: 'rollback',
    bootId: boot(n),
    counter,
  }),
  launchAllowed: (n = 1): VmEventOf<'VmConsentGiven'> => ({
    type: 'VmConsentGiven',
    kind: 'launch',
    bootId: boot(n),
    counter: null,
  }),
  running: (sequence: number, n = 1): VmEvent => ({
    ...{ type: 'VmRunning', bootId: boot(n), endpoint, sshHostKey, sshHostKeyAttested: true },
    ...{ minerId, generation: 1, agentEpoch: 1, sequence },
  }),
  keyDestroyed: { type: 'VmKeyDestroyed', keyVersion: 1 },
} as const;

type Samples = { readonly [Type in VmSealedEvent['type']]: readonly [VmEventOf<Type>, ...VmEventOf<Type>[]] };

/** At least one of every event of a sealed VM. */
export const sealedSamples: Samples = {
  VmVolumeChosen: [sealed.chosen(), sealed.chosen('hmac-sha256')],
  VmBootSpecified: [sealed.specified(), sealed.specified(2, { consentNeeded: true })],
  VmKeyAwaited: [sealed.keyAwaited()],
  VmKeyReleased: [
    sealed.released(),
    sealed.released(2, { mode: 'unlock', headerSha256, suite: classical }),
    sealed.released(3, { mode: 'unlock', headerSha256, counter: null }),
  ],
  VmImageKeyReleased: [sealed.imageKeyReleased()],
  VmBootConfirmed: [sealed.confirmed(), sealed.confirmed(2, 2)],
  VmRollbackSuspected: [sealed.suspected(3, 5)],
  VmConsentGiven: [sealed.rollbackAllowed(3), sealed.launchAllowed()],
  VmKeyDestroyed: [sealed.keyDestroyed],
};

const placed: readonly VmEvent[] = [happened.requested, sealed.chosen(), ...until.placed.slice(1)];
const specified: readonly VmEvent[] = [...placed, sealed.specified()];
const awaiting: readonly VmEvent[] = [...specified, happened.starting(1), sealed.keyAwaited()];
const unlocked: readonly VmEvent[] = [...awaiting, sealed.released()];
const running: readonly VmEvent[] = [...unlocked, sealed.confirmed(), sealed.running(2)];

/** Histories of a sealed VM that end in a state with a name. */
export const untilSealed = { placed, specified, awaiting, unlocked, running };
