import type { Observed } from '#domain';
import type { MinerStatus } from './miner-status.ts';

/** Which VMs a list is about; what is not named is not asked. */
export type VmFilter = {
  readonly accountId?: string | undefined;
  readonly observed?: Observed | undefined;
  readonly minerId?: string | undefined;
  readonly flavorId?: string | undefined;
  readonly name?: string | undefined;
  /** Whether nothing of it is left but its story. */
  readonly gone?: boolean | undefined;
};

/** Which miners a list is about. */
export type MinerFilter = {
  readonly status?: MinerStatus | undefined;
  readonly eligible?: boolean | undefined;
  readonly name?: string | undefined;
};

/**
 * What rows must be like. `columns` have these values; `terms` hold as well, word for word as a partial index is declared,
 * because only then SQLite knows that it has all of them. Both are ours, never a caller's.
 */
export type Wanted = {
  readonly columns: Readonly<Record<string, string | number | undefined>>;
  readonly terms: readonly string[];
};

export const vmsWanted = ({ accountId, observed, minerId, flavorId, name, gone }: VmFilter): Wanted => ({
  columns: { account_id: accountId, observed, miner_id: minerId, flavor_id: flavorId, name },
  terms: [
    ...(observed === undefined || observed === 'terminated' ? [] : ["observed <> 'terminated'"]),
    ...(gone === undefined ? [] : [gone ? 'gone = 1' : 'gone = 0']),
  ],
});

export const minersWanted = ({ status, eligible, name }: MinerFilter): Wanted => ({
  columns: { status, eligible: eligible === undefined ? undefined : Number(eligible), name },
  terms: [],
});
