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

/** Columns and the values they must have. Column names are ours, never a caller's. */
export type Wanted = Readonly<Record<string, string | number | undefined>>;

export const vmColumns = ({ accountId, observed, minerId, flavorId, name, gone }: VmFilter): Wanted => ({
  account_id: accountId,
  observed,
  miner_id: minerId,
  flavor_id: flavorId,
  name,
  gone: flag(gone),
});

export const minerColumns = ({ status, eligible, name }: MinerFilter): Wanted => ({
  status,
  eligible: flag(eligible),
  name,
});

const flag = (given: boolean | undefined): number | undefined => (given === undefined ? undefined : Number(given));
