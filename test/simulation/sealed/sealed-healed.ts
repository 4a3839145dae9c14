import { isOlderVolume, needsConsent, type Vm } from '#domain';
import type { FaultKind, Plan } from '../plan.ts';

/** A sealed VM that only its owner's word lets go on, and whose deadline has told the owner so. */
export const waitsForItsOwner = (vm: Vm): boolean =>
  vm.waiting?.passed === true && (isOlderVolume(vm) || (vm.sealedBoot?.released === null && needsConsent(vm)));

/** What of a sealed VM that is gone should be gone too; `null` where nothing is left. */
export const keyLeftBehind = ({ volume, sealedBoot }: Vm): string | null => {
  if (volume === null || volume.keyDestroyed) return null;
  const hadKey = volume.headerSha256 !== null || (sealedBoot !== null && sealedBoot.released !== null);
  return hadKey ? 'its key was never destroyed' : null;
};

/** Last words of a guest, by how they begin, and what troubles make a guest say so. Without those it may not. */
const lastWords: readonly (readonly [string, readonly FaultKind[]])[] = [
  ['boot-key-other: ', ['key-is-tried-for']],
  ['header-', ['disk-is-rolled-back']],
  ['volume-header-other: ', ['disk-is-rolled-back']],
  ['boot-not-current: ', ['request-is-held-back']],
  ['message-', ['old-answer-is-given', 'request-is-held-back']],
  ['appraisal-refused: ', ['boot-image-changes']],
  // Its miner said that it had ended while it was still asking for its key.
  ['boot-over: ', ['miner-lies']],
];

/** Whether a sealed VM is down because of what its host or its network's operator did to it, and says so. */
export const stoppedByTrouble = ({ volume, exit }: Vm, rates: Plan['rates']): boolean => {
  const detail = exit?.detail ?? '';
  return (
    volume !== null &&
    lastWords.some(([begin, causes]) => detail.startsWith(begin) && causes.some((cause) => rates[cause] > 0))
  );
};
