import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { createSystemClock } from '#adapters/system';
import {
  type ExpectedBoot,
  type GuestBootPolicy,
  type GuestContext,
  judgeGuestEvidence,
  type SimulatedRoot,
  trustRootOf,
} from '#attestation';
import { sealRelease, signNetworkMessage } from '#sealing';
import { simulatedProcessor } from '#simulated-processor';

const clock = createSystemClock();

/** What the network knows of one VM: what its vault and its events would hold. */
export type KnownVm = {
  readonly vmId: string;
  readonly volumeKey: Uint8Array;
  /** As its owner chose it, for good. */
  readonly integrity: 'none' | 'hmac-sha256';
  /** The header that was confirmed, and the number of that opening; null and 0 before the first boot. */
  headerSha256: string | null;
  counter: number;
  /** The highest number that was given with its key. */
  highest: number;
  /** Its owner allows it an older disk. */
  readonly allows?: true;
  /** The private image it is filled from; none where the image is public. */
  readonly image?: { readonly headerSha256: string; readonly key: Uint8Array };
};

/** The network refuses; `retryInMs` null: for good. */
export class Refused extends Error {
  readonly code: string;
  readonly retryInMs: number | null;

  constructor(code: string, words: string, retryInMs: number | null = null) {
    super(words);
    this.code = code;
    this.retryInMs = retryInMs;
  }
}

export type Confirmed = { readonly sshHostKey: string; readonly headerSha256: string; readonly counter: number };

/** Attestor and orchestrator of one network, without bus and log: real keys, real verdicts, real signatures. */
export class NetworkSide {
  readonly networkId = randomUUID();
  readonly minerId = randomUUID();
  readonly owner: readonly string[];
  readonly #keys = generateKeyPairSync('ed25519');
  readonly #root: SimulatedRoot;
  readonly #chipId: string;
  /** The number that each boot was given with its key. */
  readonly #given = new Map<string, number>();
  readonly #nonces = new Map<string, { readonly usedUp: boolean }>();
  /** Results by name: what they speak of. */
  readonly #results = new Map<string, { readonly purpose: string; readonly bound: string; readonly nonce: string }>();

  constructor(of: { readonly root: SimulatedRoot; readonly chipId: string; readonly owner: readonly string[] }) {
    this.#root = of.root;
    this.#chipId = of.chipId;
    this.owner = of.owner;
  }

  /** Ed25519, raw: what guests are measured with. */
  get publicKey(): Uint8Array {
    return Buffer.from(this.#keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  challenge(): unknown {
    const nonce = randomBytes(32).toString('base64');
    this.#nonces.set(nonce, { usedUp: false });
    const { networkId } = this;
    return { nonce, expiresAt: clock.now() + 120_000, networkId, networkKind: 'simulated' };
  }

  evidence(text: string, expected: ExpectedBoot, policy: GuestBootPolicy): unknown {
    const said: { nonce: string; purpose: string; key: string | null; boot: unknown } = JSON.parse(text);
    const nonceSha256 = createHash('sha256').update(Buffer.from(said.nonce, 'base64')).digest('hex');
    const { appraisal } = judgeGuestEvidence(
      { document: Buffer.from(text) },
      this.#context(expected, nonceSha256),
      policy,
    );
    const isFresh = this.#nonces.get(said.nonce)?.usedUp === false;
    this.#nonces.set(said.nonce, { usedUp: true });
    const result = randomUUID();
    const isGood = appraisal.tier === 'affirming' && isFresh;
    const { purpose, nonce } = said;
    if (isGood) this.#results.set(result, { purpose, nonce, bound: said.key ?? JSON.stringify(said.boot) });
    const refusals = isFresh
      ? appraisal.refusals
      : [{ code: 'nonce-used', observed: said.nonce, wanted: 'a fresh one' }];
    return {
      ...{ appraisalId: randomUUID(), tier: isGood ? 'affirming' : 'contraindicated', groups: appraisal.groups },
      ...{ refusals: refusals.map(({ code, observed }) => ({ code, title: observed })), nextDueAt: 0, result },
    };
  }

  /** Seals the key of a VM to what a result speaks of. */
  async release(
    vm: KnownVm,
    boot: { readonly generation: number; readonly bootId: string },
    asked: { readonly result: string; readonly guestKey: string; readonly nonce: string },
    over: { readonly signer?: KeyObject; readonly nonce?: string } = {},
  ): Promise<string> {
    this.#demand(asked.result, 'vm-key', asked.guestKey, asked.nonce);
    const counter = this.#given.get(boot.bootId) ?? Math.max(vm.highest, vm.counter) + 1;
    this.#given.set(boot.bootId, counter);
    vm.highest = counter;
    const honest = { mode: vm.headerSha256 === null ? 'format' : 'unlock', headerSha256: vm.headerSha256 } as const;
    const image = honest.mode === 'format' ? vm.image : undefined;
    return sealRelease({
      boot: { networkId: this.networkId, vmId: vm.vmId, ...boot, nonce: over.nonce ?? asked.nonce },
      terms: { ...honest, minCounter: vm.counter, counter, ...(image && { imageHeaderSha256: image.headerSha256 }) },
      secrets: {
        ...{
          volumeKey: vm.volumeKey,
          ...(image && { imageKey: image.key }),
          hostname: 'sealed-vm',
          authorizedKeys: this.owner,
          keysVersion: 1,
        },
        network: { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: [] },
        argon2: { memoryKib: 32 * 1024, iterations: 4, parallelism: 1 },
      },
      guestKey: Buffer.from(asked.guestKey, 'base64'),
      suite: 'x-wing/hkdf-sha256/aes-256-gcm',
      allowClassical: false,
      networkKey: over.signer ?? this.#keys.privateKey,
    });
  }

  /** Signs a go-ahead for what a boot found, once it is what the network knows; remembers it. */
  confirm(
    vm: KnownVm,
    boot: { readonly generation: number; readonly bootId: string; readonly guestKeySha256: string },
    asked: { readonly result: string; readonly nonce: string; readonly boot: Confirmed },
  ): string {
    const { sshHostKey, headerSha256, counter } = asked.boot;
    this.#demand(asked.result, 'ssh-host-key', JSON.stringify(asked.boot), asked.nonce);
    const given = this.#given.get(boot.bootId) ?? 0;
    if (counter !== given && vm.allows !== true) {
      throw new Refused('volume-older', `the volume counts boot ${counter}, the network knows of ${vm.counter}`);
    }
    vm.counter = given;
    vm.headerSha256 = headerSha256;
    const sshHostKeySha256 = createHash('sha256').update(sshHostKey).digest('hex');
    return this.#sign({
      ...this.#to(vm, boot),
      purpose: 'go-ahead',
      nonce: asked.nonce,
      counter: given,
      sshHostKeySha256,
    });
  }

  access(
    vm: KnownVm,
    boot: { readonly generation: number; readonly bootId: string; readonly guestKeySha256: string },
    { keysVersion, hostname, authorizedKeys }: { keysVersion: number; hostname: string; authorizedKeys: string[] },
  ): string {
    return this.#sign({ ...this.#to(vm, boot), purpose: 'access', nonce: '', keysVersion, hostname, authorizedKeys });
  }

  #to(
    vm: KnownVm,
    { generation, bootId, guestKeySha256 }: { generation: number; bootId: string; guestKeySha256: string },
  ) {
    return { version: 1, networkId: this.networkId, vmId: vm.vmId, generation, bootId, guestKeySha256 } as const;
  }

  #sign(body: Parameters<typeof signNetworkMessage>[0]): string {
    return signNetworkMessage(body, this.#keys.privateKey);
  }

  #demand(result: string, purpose: string, bound: string, nonce: string): void {
    const known = this.#results.get(result);
    if (known?.purpose === purpose && known.bound === bound && known.nonce === nonce) return;
    throw new Refused('result-refused', 'the result does not speak of what is asked for');
  }

  #context(expected: ExpectedBoot, nonceSha256: string): GuestContext {
    const dates = { thisUpdateMs: clock.now() - 60_000, nextUpdateMs: clock.now() + 3_600_000 };
    return {
      network: { id: this.networkId, kind: 'simulated' },
      ...{ expected, nonceSha256, endorsements: null, atMs: clock.now() },
      chip: { deviceId: this.#chipId, heldBy: this.minerId },
      roots: [trustRootOf(this.#root.ark, { name: 'simulated', product: 'milan', simulated: true })],
      revocationLists: { milan: simulatedProcessor.issueRevocationList(this.#root, { ...dates, revokesAsk: false }) },
    };
  }
}
