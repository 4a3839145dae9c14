/** Every business "no" there is. A stable, public format: clients branch on it, `edge` maps it to an HTTP status. */
export type RefusalCode =
  | 'vm-not-found'
  | 'vm-exists-with-other-content'
  | 'vm-terminated'
  | 'vm-refused'
  | 'vm-not-placed'
  | 'vm-not-running'
  | 'vm-already-starting'
  | 'vm-not-stopped'
  | 'vm-resizing'
  | 'disk-never-shrinks'
  | 'disk-never-grows'
  | 'ssh-key-required'
  | 'stale-generation'
  | 'stale-boot'
  | 'vm-not-sealed'
  | 'vm-not-wanted'
  | 'vm-not-terminated'
  | 'boot-not-current'
  | 'boot-over'
  | 'boot-not-specified'
  | 'boot-key-other'
  | 'boot-without-key'
  | 'boot-confirmed-otherwise'
  | 'appraisal-not-affirming'
  | 'appraisal-too-old'
  | 'suite-classical'
  | 'key-destroyed'
  | 'volume-header-other'
  | 'volume-older'
  | 'consent-needed'
  | 'consent-not-needed'
  | 'ssh-host-key-other'
  | 'image-not-sealed'
  | 'vm-backing-up'
  | 'vm-never-booted'
  | 'vm-not-restored'
  | 'vm-restoring'
  | 'backup-not-found'
  | 'backup-in-use'
  | 'backup-not-in-store'
  | 'backups-die-with-the-key'
  | 'miner-lost'
  | 'no-miner-fits'
  | 'account-not-found'
  | 'account-exists-with-other-content'
  | 'insufficient-credits'
  | 'invalid-amount'
  | 'deposit-exists-with-other-content'
  | 'hold-not-found'
  | 'hold-exists-with-other-content'
  | 'ssh-key-malformed'
  | 'ssh-key-unsupported'
  | 'ssh-key-too-weak'
  | 'ssh-key-not-found'
  | 'too-many-ssh-keys'
  | 'token-exists-with-other-content'
  | 'token-not-found'
  | 'too-many-tokens'
  | 'miner-not-found'
  | 'miner-not-enrolled'
  | 'miner-exists-with-other-content'
  | 'miner-enrolled-with-other-key'
  | 'drain-deadline-passed'
  | 'join-token-wrong'
  | 'join-token-expired'
  | 'invalid-capacity'
  | 'allocation-exists-with-other-content'
  | 'image-not-found'
  | 'image-exists-with-other-content'
  | 'image-retired'
  | 'image-private'
  | 'image-not-private'
  | 'image-key-absent'
  | 'image-key-destroyed'
  | 'image-key-other'
  | 'flavor-not-found'
  | 'flavor-retired'
  | 'flavor-exists-with-other-content'
  | 'invalid-flavor'
  | 'invalid-name'
  | 'nonce-used'
  | 'nonce-expired'
  | 'device-not-found'
  | 'device-not-claimed'
  | 'device-held-by-claimant'
  | 'device-disputed'
  | 'device-not-disputed'
  | 'policy-not-found'
  | 'policy-has-moved'
  | 'network-exists-with-other-content'
  | 'network-root-simulated'
  | 'slashing-not-found'
  | 'slashing-decided'
  | 'slashing-not-corroborated'
  | 'parked-event-not-found'
  | 'parked-event-tried-out'
  | 'too-many-skipped-events';

/** What a refusal shows beside its sentence: observed and wanted values, ids. Never a secret. */
export type RefusalData = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** An expected "no". The sentence in `message` names the thing, the observed value, the wanted value and the fix. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly data: RefusalData;

  constructor(code: RefusalCode, detail: string, data: RefusalData = {}) {
    super(detail);
    this.code = code;
    this.data = data;
  }
}

/** Closes an exhaustive switch. Reaching it is a bug, so it is not a {@link Refusal}. */
export const unreachable = (value: never): never => {
  throw new Error(`BUG: unhandled case ${JSON.stringify(value)}`);
};
