import type { Decider } from '../decider.ts';
import { Refusal } from '../errors.ts';
import { assertHostName } from '../values/names.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `network-main`. They change only with a new version and an upcaster.

/** A simulated network trusts a software root of its own, and says so everywhere. A production network never does. */
export type NetworkKind = 'simulated' | 'production';

export type Network = {
  readonly networkId: string;
  readonly name: string;
  readonly kind: NetworkKind;
  /** Ed25519, SPKI, base64: what this network signs is checked with it. */
  readonly networkPublicKey: string;
  /** SHA-256 of the simulated root's public key (SPKI, DER); `null` on a production network. */
  readonly simulatedRootSha256: string | null;
};

export type NetworkEvent = { readonly type: 'NetworkFounded' } & Network;
export type NetworkCommand = { readonly type: 'FoundNetwork'; readonly now: UnixMs } & Network;
/** `null` before it is founded. */
export type NetworkState = Network | null;

/** The rules of the one `network-main` stream: what a network is, it is for ever. */
export const network: Decider<NetworkState, NetworkCommand, NetworkEvent> = {
  initial: null,
  decide: (state, { type: _, now: __, ...founded }) => {
    if (state !== null) {
      for (const field of ['name', 'kind', 'networkPublicKey', 'simulatedRootSha256'] as const) {
        if (state[field] !== founded[field]) throw other(field, state, founded);
      }
      return [];
    }
    assertHostName('network', founded.name);
    if (founded.kind === 'production' && founded.simulatedRootSha256 !== null) {
      throw new Refusal('network-root-simulated', 'a production network trusts no simulated root; leave it out');
    }
    return [{ type: 'NetworkFounded', ...founded }];
  },
  evolve: (state, { type: _, ...founded }) => state ?? founded,
};

const other = (field: keyof Network, was: Network, is: Network): Refusal =>
  new Refusal(
    'network-exists-with-other-content',
    `this log is of network ${was.name} (${was.kind}), founded with ${field} ${was[field]}; this start says ${is[field]}. A network never changes: use its own settings and keys, or an empty store`,
    { field },
  );
