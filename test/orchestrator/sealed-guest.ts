import { createHash } from 'node:crypto';
import { bootBinding } from '#attestation';
import { type BootFacts, GuestRefused, type NetworkAnswer } from '#events';
import { generateGuestKey, openRelease, type Release, type SealingSuite } from '#sealing';
import { guestRetryMs } from '../../apps/orchestrator/src/sealed/limits.ts';
import { type Attested, type Claim, networkId } from './guest-proof.ts';
import type { SealedWorld } from './sealed-world.ts';

/** What a promise of the desk comes to: answered, or the refusal as the guest is told it. */
export const outcome = (of: Promise<unknown>): Promise<unknown> =>
  of.then(
    () => 'answered',
    (error: unknown) => (error instanceof GuestRefused ? { code: error.code, retryInMs: error.retryInMs } : error),
  );
export const never = (code: string) => ({ code, retryInMs: null });
export const later = (code: string) => ({ code, retryInMs: guestRetryMs });

/** A guest with a key of its own, as the host passes on what it asks. */
export const guestIn = async (world: SealedWorld, suite?: SealingSuite) => {
  const key = await generateGuestKey(suite);
  const guestKey = Buffer.from(key.publicKey).toString('base64');
  const proven = (over: Partial<Claim> = {}) =>
    world.attested({ purpose: 'vm-key', binding: key.publicKey, suite: key.suite, ...over });
  return {
    key,
    proven,
    /** Asks with a proof, a fresh one where none is given. */
    release: async (proof?: Attested, from: string = world.minerId, desk = world.desk): Promise<NetworkAnswer> => {
      const { result, nonce } = proof ?? (await proven());
      return desk.release(from, { vmId: world.vmId, result, guestKey, nonce });
    },
    opened: async ({ message }: NetworkAnswer, { nonce }: Attested): Promise<Release> =>
      openRelease({
        ...{ text: message, networkKey: world.publicKey, guestKey: key },
        boot: { networkId, vmId: world.vmId, ...(await world.boot()), nonce },
      }),
  };
};

/** What an attestor says of a guest that reports what is inside its volume. */
export const reported = (world: SealedWorld, boot: BootFacts, over: Partial<Claim> = {}): Promise<Attested> =>
  world.attested({ purpose: 'ssh-host-key', binding: bootBinding(boot), suite: '', ...over });

/** Asks for leave to go on, with what was found inside and a proof of it, a fresh one where none is given. */
export const confirmIn = async (world: SealedWorld, boot: BootFacts, proof?: Attested): Promise<NetworkAnswer> => {
  const { result, nonce } = proof ?? (await reported(world, boot));
  return world.desk.confirm(world.minerId, { vmId: world.vmId, result, nonce, boot });
};

export const headerSha256 = createHash('sha256').update('a header').digest('hex');
export const sshHostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0';
export const inside = (counter: number, more: Partial<BootFacts> = {}): BootFacts => ({
  ...{ sshHostKey, headerSha256, counter },
  ...more,
});
