import fc from 'fast-check';
import type { Vm, VmCommand, VmSealedCommand, VmState } from '#domain';
import { minerId, sha256Of } from './samples.ts';
import { classical, confirm, hybrid, release, specify } from './vm-sealed-story.ts';
import { boot } from './vm-story.ts';

/** What a move of a sealed VM is made of, beside the state it looks at. */
export type SealedWhim = {
  readonly isSealed: boolean;
  readonly revision: number;
  readonly guestKey: string;
  readonly header: string;
  readonly hostKey: string;
  readonly counterAhead: number;
  readonly ageMs: number;
  readonly isAffirming: boolean;
  readonly isClassical: boolean;
};

const mostly = <Value>(usual: Value, ...others: readonly Value[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others));

export const sealedWhims: fc.Arbitrary<SealedWhim> = fc.record({
  isSealed: fc.boolean(),
  revision: fc.constantFrom(5, 5, 4, 6),
  guestKey: mostly(sha256Of('5'), sha256Of('6')),
  header: mostly(sha256Of('7'), sha256Of('8')),
  hostKey: mostly('ssh-ed25519 AAAAhost', 'ssh-ed25519 AAAAother'),
  counterAhead: fc.constantFrom(1, 1, 1, 1, 2, 0, -1),
  ageMs: mostly(0, 60_000, 60_001, -61_000),
  isAffirming: mostly(true, false),
  isClassical: mostly(false, true),
});

export type SealedKind = VmSealedCommand['type'];

/** Everyone who speaks of a sealed VM: mostly of its present boot, now and then of another or with a lie. */
export const toSealedCommand = (
  kind: SealedKind,
  whim: SealedWhim & { readonly aim: boolean; readonly bootIndex: number },
  vm: VmState,
  now: number,
): VmCommand => {
  const bootId = (whim.aim ? vm?.boot?.bootId : null) ?? boot(whim.bootIndex);
  const holder = vm?.placement ?? { minerId, generation: 1 };
  const from = { ...holder, bootId, now };
  const tier = whim.isAffirming ? ('affirming' as const) : ('warning' as const);
  const verdict = { tier, appraisedAt: now - whim.ageMs };
  switch (kind) {
    case 'SpecifyBoot': {
      const { generation } = holder;
      return specify(1, { bootId, generation, bootRevision: whim.revision }, now);
    }
    case 'ReleaseKey': {
      const suite = whim.isClassical ? classical : hybrid;
      const imageKey = whim.isSealed && vm !== null ? { imageDigest: vm.imageDigest, keyVersion: 3 } : null;
      return release(1, { ...from, ...verdict, guestKeySha256: whim.guestKey, suite, imageKey });
    }
    case 'ConfirmBoot': {
      const { released = null } = vm?.sealedBoot ?? {};
      const last = vm?.volume?.counter ?? 0;
      const counter =
        whim.counterAhead > 0
          ? (released?.counter ?? last) + whim.counterAhead - 1
          : Math.max(0, last + whim.counterAhead);
      const headerSha256 = whim.aim ? (vm?.volume?.headerSha256 ?? whim.header) : whim.header;
      return confirm(1, counter, { ...from, ...verdict, headerSha256, sshHostKey: whim.hostKey });
    }
    case 'ConsentVm': {
      const consent = vm?.sealedBoot?.rollback ? ('rollback' as const) : ('launch' as const);
      return { type: kind, now, kind: consent, bootId };
    }
    case 'RecordKeyDestroyed':
      return { type: kind, now, keyVersion: 1 };
    default:
      return kind satisfies never;
  }
};

/** What a sealed boot waits for on its way up; `null` when that is its miner alone. */
export const unlockStep = (vm: Vm): SealedKind | null => {
  if (vm.volume === null) return null;
  if (vm.sealedBoot === null) return 'SpecifyBoot';
  if (vm.observed === 'awaiting-boot') return null;
  const { specified, launchConsent, released, rollback, confirmed } = vm.sealedBoot;
  if (specified.consentNeeded && !launchConsent) return 'ConsentVm';
  if (released === null) return 'ReleaseKey';
  if (confirmed !== null) return null;
  return rollback?.consented === false ? 'ConsentVm' : 'ConfirmBoot';
};
