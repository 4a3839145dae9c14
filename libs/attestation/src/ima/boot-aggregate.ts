import { bankBytes, digestOf, isBank } from './banks.ts';
import type { ImaEntry } from './entry.ts';
import type { ImaVerification } from './verification.ts';

/** Whether the first entry is the digest of the boot chain's registers, in words a check can have. */
export type BootAggregateFound = { readonly holds: boolean; readonly observed: string; readonly wanted: string };

/**
 * Looks at the first entry of a list: `boot_aggregate`, whose digest is over PCRs 0 to 9 of the bank of its own algorithm, or
 * over PCRs 0 to 7 where that is SHA-1, as Linux has it since 5.8.
 */
export const checkBootAggregate = (
  entry: ImaEntry,
  bootPcrs: Exclude<ImaVerification['bootPcrs'], 'unchecked'>,
): BootAggregateFound => {
  const { path, algorithm, digestText } = entry;
  const wanted = 'boot_aggregate over the quoted PCRs 0 to 9';
  if (path !== 'boot_aggregate') return { holds: false, observed: `an entry for ${path}`, wanted };
  const pcrs = isBank(algorithm) ? bootPcrs[algorithm] : undefined;
  const count = algorithm === 'sha1' ? 8 : 10;
  if (!isBank(algorithm) || pcrs === undefined || pcrs.length < count) {
    return { holds: false, observed: `${digestText}, and no PCRs 0 to ${count - 1} of that bank`, wanted };
  }
  const registers = Buffer.from(pcrs.slice(0, count).join(''), 'hex');
  const digest = digestOf(algorithm, registers);
  const holds = registers.length === count * bankBytes[algorithm] && digest === entry.digest.toString('latin1');
  return { holds, observed: digestText, wanted: `${algorithm}:${Buffer.from(digest, 'latin1').toString('hex')}` };
};
