import type { KeyObject } from 'node:crypto';
import type { Vm } from '#domain';
import { signNetworkMessage } from '#sealing';

/** Who may log in, for the guest that has the key of a VM's present boot; `null` while none has. */
export type AccessMessage = (vm: Vm) => string | null;

/** Signs for one guest of one boot: for any other the message is nothing, and its number says which of two is newer. */
export const createAccessMessage =
  (networkId: string, networkKey: KeyObject): AccessMessage =>
  ({ vmId, name, sshPublicKeys, keysVersion, sealedBoot }) => {
    if (sealedBoot === null || sealedBoot.released === null) return null;
    const { generation, bootId } = sealedBoot.specified;
    const { guestKeySha256 } = sealedBoot.released;
    return signNetworkMessage(
      {
        ...{ version: 1, purpose: 'access', networkId, vmId, generation, bootId, nonce: '', guestKeySha256 },
        ...{ keysVersion, hostname: name, authorizedKeys: [...sshPublicKeys] },
      },
      networkKey,
    );
  };
