import { test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon, sha256Of, uuid } from '../../../../test/domain/samples.ts';
import { type NetworkCommand, network } from './network.ts';

const found: NetworkCommand = {
  ...{ type: 'FoundNetwork', now: noon, networkId: uuid(1), name: 'dev', kind: 'simulated' },
  ...{ networkPublicKey: 'AAA=', simulatedRootSha256: sha256Of('1') },
};
const { type: _, now: __, ...content } = found;
const founded = { type: 'NetworkFounded', ...content } as const;

test('given nothing / when a network is founded / then it is', () => given(network).when(found).thenEvents(founded));

test('given a network / when the next start says the same with a new id / then nothing happens: it has its own', () =>
  given(network, founded)
    .when({ ...found, networkId: uuid(2) })
    .thenNothing());

test.each([
  ['name', { name: 'other' }],
  ['kind', { kind: 'production', simulatedRootSha256: null }],
  ['networkPublicKey', { networkPublicKey: 'BBB=' }],
  ['simulatedRootSha256', { simulatedRootSha256: sha256Of('2') }],
] as const)('given a network / when a start says another %s / then it is refused by name', (field, other) =>
  given(network, founded)
    .when({ ...found, ...other })
    .thenRefused('network-exists-with-other-content', new RegExp(field)),
);

test('given a production network / when it brings a simulated root / then it is refused', () =>
  given(network)
    .when({ ...found, kind: 'production' })
    .thenRefused('network-root-simulated'));
