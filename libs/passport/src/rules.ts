import { type EvidenceAppraised, Refusal, type Vm, type VmCommand, type VmEvent, vm } from '#domain';
import { isoTime } from '#events';
import { canonicalText } from './document.ts';
import { passportLimits as limits } from './limits.ts';
import type { Told } from './told.ts';

/** What a VM's own stream does not say, and its rules ask for. */
export type Grounds = {
  /** By their id, as the attestor recorded them. */
  readonly verdicts: ReadonlyMap<string, Told<EvidenceAppraised>>;
  /** Whether any policy allowed a key to be sealed with X25519 alone. Which one was in force is judged with the evidence. */
  readonly allowClassical: boolean;
};

type Of<Type extends VmEvent['type']> = Told<Extract<VmEvent, { readonly type: Type }>>;

/**
 * What an event of a sealed VM comes to when the network's own rules decide it again, from the history before it: null where
 * they say the same, else why not. Undefined for an event that no rule of sealed VMs is about.
 */
export const againstRules = (before: Vm, told: Told<VmEvent>, grounds: Grounds): string | null | undefined => {
  const { event } = told;
  switch (event.type) {
    case 'VmBootSpecified': {
      const { consentNeeded: _, ...specified } = event;
      return decided(before, { ...specified, type: 'SpecifyBoot', now: told.atMs }, event);
    }
    case 'VmKeyReleased':
      return released(before, { ...told, event }, grounds);
    case 'VmImageKeyReleased':
      return imageKeyReleased(before, event);
    case 'VmBootConfirmed':
      return confirmed(before, { ...told, event }, grounds);
    case 'VmConsentGiven':
      return consented(before, { ...told, event });
    case 'VmRollbackSuspected':
      return suspected(before, event);
    case 'VmKeyDestroyed':
      return decided(before, { type: 'RecordKeyDestroyed', keyVersion: event.keyVersion, now: told.atMs }, event);
    case 'VmRunning':
      return before.volume === null ? undefined : running(before, event);
    default:
      return undefined;
  }
};

const released = (before: Vm, { event }: Of<'VmKeyReleased'>, { verdicts, allowClassical }: Grounds): string | null => {
  const verdict = verdicts.get(event.appraisalId);
  if (verdict === undefined) return `appraisal ${event.appraisalId} is nowhere recorded`;
  const { appraisedAt, tier } = verdict.event;
  if (Math.abs(appraisedAt - event.appraisedAt) > limits.clocksApartMs)
    return otherTime(event.appraisedAt, appraisedAt);
  if (verdict.atMs - event.releasedAt > limits.clocksApartMs) return 'its verdict was recorded after it';
  const { bootId, generation, minerId, guestKeySha256, suite, appraisalId, keyVersion, releasedAt } = event;
  const asked = { bootId, generation, minerId, guestKeySha256, suite, appraisalId, keyVersion };
  const command = { type: 'ReleaseKey', ...asked, tier, appraisedAt: event.appraisedAt, allowClassical } as const;
  return decided(before, { ...command, now: releasedAt }, event);
};

/** Whose image it is stands on the image's own stream, which is not the owner of one VM's to see. */
const imageKeyReleased = (before: Vm, event: Of<'VmImageKeyReleased'>['event']): string | null => {
  const released = before.sealedBoot?.released ?? null;
  if (released === null || before.sealedBoot?.specified.bootId !== event.bootId) return 'this boot was released no key';
  if (released.guestKeySha256 !== event.guestKeySha256) return 'it went to another guest key than the key of the disk';
  if (released.mode !== 'format') return 'the disk is filled already, and needs no image';
  return event.imageDigest === before.imageDigest ? null : `the VM is of image ${before.imageDigest}`;
};

const confirmed = (before: Vm, { event, atMs }: Of<'VmBootConfirmed'>, { verdicts }: Grounds): string | null => {
  const verdict = verdicts.get(event.appraisalId);
  if (verdict === undefined) return `appraisal ${event.appraisalId} is nowhere recorded`;
  const { appraisedAt, tier } = verdict.event;
  return decided(before, { ...event, type: 'ConfirmBoot', appraisedAt, tier, now: atMs }, event);
};

const consented = (before: Vm, { event, recorded, atMs }: Of<'VmConsentGiven'>): string | null => {
  const owner = `owner:${before.accountId}`;
  if (recorded.actor !== owner) return `given by ${recorded.actor}; only ${owner} may`;
  return decided(before, { type: 'ConsentVm', kind: event.kind, bootId: event.bootId, now: atMs }, event);
};

const suspected = (before: Vm, { counter, expectedAbove }: Of<'VmRollbackSuspected'>['event']): string | null => {
  const known = before.volume?.counter ?? 0;
  if (expectedAbove !== known) return `it expects more than ${expectedAbove}; ${known} is what was confirmed last`;
  const given = before.sealedBoot?.released?.counter ?? null;
  const isNone = given !== null && counter !== given;
  return counter <= known || isNone ? null : `${counter} is above ${known}: nothing went back`;
};

const running = (before: Vm, { sshHostKey, sshHostKeyAttested }: Of<'VmRunning'>['event']): string | null => {
  const key = before.sealedBoot?.confirmed?.sshHostKey ?? null;
  if (key === null) return 'no guest of this boot has confirmed an SSH host key';
  if (key !== sshHostKey) return 'its miner reports another SSH host key than its guest confirmed';
  return sshHostKeyAttested ? null : 'its SSH host key is said not to be attested';
};

const otherTime = (event: number, verdict: number): string =>
  `it names a verdict of ${isoTime(event)}; that one is of ${isoTime(verdict)}`;

const decided = (before: Vm, command: VmCommand, event: VmEvent): string | null => {
  try {
    const [only, ...others] = vm.decide(before, command);
    if (only === undefined) return 'it had happened already';
    return others.length === 0 ? differenceOf(only, event) : 'it was decided together with something else';
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`;
    throw error;
  }
};

/** How long somebody waits is no matter of trust, and has changed between releases. Nor is a number that was not given yet. */
const withoutDeadline = (event: VmEvent, observed: VmEvent): Readonly<Record<string, unknown>> => {
  const { deadlineAt: _, ...rest }: Readonly<Record<string, unknown>> = { ...event };
  return observed.type === 'VmKeyReleased' && observed.counter === null ? { ...rest, counter: null } : rest;
};

const differenceOf = (wanted: VmEvent, observed: VmEvent): string | null => {
  const [a, b] = [withoutDeadline(wanted, observed), withoutDeadline(observed, observed)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const name = names.find((one) => canonicalText([a[one] ?? null]) !== canonicalText([b[one] ?? null]));
  if (name === undefined) return null;
  return `its ${name} is ${JSON.stringify(b[name] ?? null)}; what was before makes it ${JSON.stringify(a[name] ?? null)}`;
};
