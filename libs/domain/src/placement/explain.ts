import type { MinerId } from '../values/ids.ts';
import { formatBytes, type Size, subtractSize } from '../values/size.ts';
import { type NoFit, type PlacementCandidate, whyNoFit } from './placement.ts';

/** What placement says of one miner for one size: `null` when it fits. The same arithmetic as the choice itself. */
export type Explained = {
  readonly minerId: MinerId;
  readonly code: NoFit | null;
  readonly text: string;
  /** What is left of the declared capacity; a part may be below zero when less is declared than is reserved. */
  readonly free: Size;
};

/** Every miner with its reason, those that fit first, then by reason and id, so that equal worlds read the same. */
export const explainPlacement = (size: Size, candidates: Iterable<PlacementCandidate>): readonly Explained[] => {
  const explained = [...candidates].map((candidate): Explained => {
    const code = whyNoFit(candidate, size);
    const free = subtractSize(candidate.capacity, candidate.reserved);
    return { minerId: candidate.minerId, code, text: noFitText(code, size, free), free };
  });
  const rank = ({ code, minerId }: Explained): string => `${code ?? ''} ${minerId}`;
  return explained.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
};

const noFitText = (code: NoFit | null, wanted: Size, free: Size): string => {
  switch (code) {
    case null:
      return 'it fits';
    case 'not-attached':
      return 'its agent has not come';
    case 'lost':
      return 'it is not heard';
    case 'draining':
      return 'it is being drained';
    case 'distrusted':
      return 'its evidence was refused';
    case 'no-capacity-declared':
      return 'its agent offers nothing';
    case 'vcpus':
      return `${free.vcpus} vCPUs are free, ${wanted.vcpus} wanted`;
    case 'memory':
      return `${formatBytes(free.memoryBytes)} of memory are free, ${formatBytes(wanted.memoryBytes)} wanted`;
    case 'disk':
      return `${formatBytes(free.diskBytes)} of disk are free, ${formatBytes(wanted.diskBytes)} wanted`;
  }
};
