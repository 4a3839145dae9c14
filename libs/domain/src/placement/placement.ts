import type { MinerId, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';

/** Why a miner did not fit, one word each. A stable, public format. */
export type NoFit = 'not-attached' | 'lost' | 'no-capacity-declared' | 'memory' | 'vcpus' | 'disk';

/** What placement may know of a miner: a snapshot, taken at one position of the log. */
export type PlacementCandidate = {
  readonly minerId: MinerId;
  readonly attached: boolean;
  readonly lost: boolean;
  readonly capacity: Size;
  readonly reserved: Size;
};

export type PlacementDecision =
  | { readonly fit: true; readonly minerId: MinerId; readonly rejected: readonly Rejected[] }
  | { readonly fit: false; readonly rejected: readonly Rejected[]; readonly reasons: Readonly<Record<string, number>> };

export type Rejected = { readonly minerId: MinerId; readonly code: NoFit };

export type PlacementRequest = { readonly vmId: VmId; readonly size: Size };
