import { noSize, sameSize } from '../values/size.ts';
import type { Miner } from './state.ts';

/** Whether VMs may be placed on a miner, and why not, in a stable word and a sentence that names the fix. */
export type Eligibility =
  | { readonly eligible: true; readonly text: string }
  | {
      readonly eligible: false;
      readonly code:
        | 'not-enrolled'
        | 'not-attached'
        | 'lost'
        | 'draining'
        | 'drained'
        | 'distrusted'
        | 'no-capacity-declared';
      readonly text: string;
    };

/** Whether its newest evidence was refused. A miner that has shown none is not distrusted. Source: ADR-0027. */
export const isDistrusted = ({ trust }: Pick<Miner, 'trust'>): boolean => trust?.tier === 'contraindicated';

/** What placement thinks of a miner before it looks at sizes. */
export const eligibilityOf = (miner: Miner): Eligibility => {
  const no = (code: Extract<Eligibility, { eligible: false }>['code'], text: string): Eligibility => ({
    ...{ eligible: false, code, text },
  });
  if (miner.natsPublicKey === null) return no('not-enrolled', 'it has not enrolled: run its agent with its join token');
  if (miner.attachment === null) return no('not-attached', 'its agent has not come: start it on that host');
  if (miner.lost !== null) return no('lost', 'it is not heard: look at its agent and its network');
  if (miner.drain !== null) {
    const left = miner.allocations.size;
    return miner.drain.isDone
      ? no('drained', `nothing of any VM is left on it (${miner.drain.reason}): undrain it to place VMs again`)
      : no('draining', `${left} ${left === 1 ? 'VM is' : 'VMs are'} still on it (${miner.drain.reason})`);
  }
  if (isDistrusted(miner)) {
    return no('distrusted', `its evidence was refused: \`hcc miner why ${miner.minerId}\` opens it`);
  }
  if (sameSize(miner.capacity, noSize)) return no('no-capacity-declared', 'its agent offers nothing: give it capacity');
  return { eligible: true, text: 'VMs that fit may be placed on it' };
};
