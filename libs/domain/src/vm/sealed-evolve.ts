import { unreachable } from '../errors.ts';
import { waiting } from './requested.ts';
import type { VmSealedEvent } from './sealed-events.ts';
import type { SealedBoot, Volume } from './sealed-state.ts';
import type { Vm } from './state.ts';

/** The VM after one more event of its volume or of a sealed boot. What is about another boot leaves it as it was. */
export const evolveSealed = (vm: Vm, event: VmSealedEvent): Vm => {
  switch (event.type) {
    case 'VmVolumeChosen':
      return { ...vm, volume: vm.volume ?? newVolume(event.integrity) };
    case 'VmBootSpecified': {
      const { type: _, consentNeeded, ...specified } = event;
      return event.bootId === vm.boot?.bootId
        ? { ...vm, sealedBoot: { ...newBoot, specified: { ...specified, consentNeeded } } }
        : vm;
    }
    case 'VmKeyAwaited':
      return {
        ...ofBoot(vm, event.bootId, { awaitedSince: event.awaitedSince }),
        observed: 'awaiting-key',
        waiting: waiting('key', event.deadlineAt),
      };
    case 'VmKeyReleased':
      return keyReleased(vm, event);
    case 'VmImageKeyReleased':
      // Told, and no more: whether an image may be opened is asked of the image each time.
      return vm;
    case 'VmBootConfirmed':
      return bootConfirmed(vm, event);
    case 'VmRollbackSuspected': {
      const { counter, expectedAbove } = event;
      return ofBoot(vm, event.bootId, { rollback: { counter, expectedAbove, consented: false } });
    }
    case 'VmConsentGiven':
      return consented(vm, event);
    case 'VmKeyDestroyed':
      return vm.volume === null ? vm : { ...vm, volume: { ...vm.volume, keyDestroyed: true } };
    default:
      return unreachable(event);
  }
};

const sealedTypes: Readonly<Record<VmSealedEvent['type'], true>> = {
  VmVolumeChosen: true,
  VmBootSpecified: true,
  VmKeyAwaited: true,
  VmKeyReleased: true,
  VmImageKeyReleased: true,
  VmBootConfirmed: true,
  VmRollbackSuspected: true,
  VmConsentGiven: true,
  VmKeyDestroyed: true,
};

/** Whether an event is of a volume or of a sealed boot. */
export const isSealedEvent = <Event extends { readonly type: string }>(
  event: Event,
): event is Extract<Event, VmSealedEvent> => Object.hasOwn(sealedTypes, event.type);

const newVolume = (integrity: Volume['integrity']): Volume => ({
  integrity,
  headerSha256: null,
  counter: 0,
  highest: 0,
  confirmed: null,
  keyDestroyed: false,
});

const newBoot: Omit<SealedBoot, 'specified'> = {
  awaitedSince: null,
  launchConsent: false,
  released: null,
  rollback: null,
  confirmed: null,
};

const ofBoot = (vm: Vm, bootId: string, change: Partial<SealedBoot>): Vm =>
  vm.sealedBoot?.specified.bootId === bootId ? { ...vm, sealedBoot: { ...vm.sealedBoot, ...change } } : vm;

type Sealed<Type extends VmSealedEvent['type']> = Extract<VmSealedEvent, { type: Type }>;

const keyReleased = (vm: Vm, event: Sealed<'VmKeyReleased'>): Vm => {
  const { guestKeySha256, suite, appraisalId, mode, headerSha256, counter, keyVersion, releasedAt, deadlineAt } = event;
  const released = { guestKeySha256, suite, appraisalId, mode, headerSha256, counter, keyVersion, releasedAt };
  const next = { ...ofBoot(vm, event.bootId, { released }), volume: openedOnce(vm.volume, counter) };
  switch (vm.observed) {
    case 'awaiting-key':
      return { ...next, observed: 'starting', waiting: waiting('boot', deadlineAt) };
    // The guest was faster than the report that it is started.
    case 'awaiting-boot':
      return { ...next, waiting: waiting('boot', deadlineAt) };
    default:
      return next;
  }
};

/** A guest that was given no number adds one to what it finds. */
const openedOnce = (volume: Volume | null, given: number | null): Volume | null =>
  volume === null ? null : { ...volume, highest: Math.max(volume.highest + 1, given ?? 0) };

const bootConfirmed = (vm: Vm, event: Sealed<'VmBootConfirmed'>): Vm => {
  const { appraisalId, headerSha256, counter, sshHostKey } = event;
  const next = ofBoot(vm, event.bootId, { confirmed: { appraisalId, headerSha256, counter, sshHostKey } });
  if (next.volume === null || next.sealedBoot === null || next === vm) return vm;
  const { bootRevision, bootDigest, cmdline } = next.sealedBoot.specified;
  const confirmed = { bootRevision, bootDigest, cmdline };
  const highest = Math.max(next.volume.highest, counter);
  return { ...next, volume: { ...next.volume, headerSha256, counter, highest, confirmed } };
};

const consented = (vm: Vm, event: Sealed<'VmConsentGiven'>): Vm => {
  if (event.kind === 'launch') return ofBoot(vm, event.bootId, { launchConsent: true });
  const rollback = vm.sealedBoot?.rollback ?? null;
  return rollback === null ? vm : ofBoot(vm, event.bootId, { rollback: { ...rollback, consented: true } });
};
