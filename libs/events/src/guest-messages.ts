// What a guest asks the orchestrator for, through the miner that runs it. The miner adds the VM's id and can forge none of it.

/** `guest.<minerId>.release`: the key of a volume, for the guest that an Attestation Result speaks of. */
export type ReleaseRequest = {
  readonly vmId: string;
  /** The Attestation Result on this guest, purpose `vm-key`: a signed EAR as a compact JWT. */
  readonly result: string;
  /** The guest's public key, base64: what the key is sealed to. The result names its digest. */
  readonly guestKey: string;
  /** The challenge that the evidence answered, base64: the answer is bound to it. */
  readonly nonce: string;
};

/** What is inside a volume that was just opened, as the guest's second report binds it. */
export type BootFacts = {
  /** `ssh-ed25519 AAAA…`, made inside. */
  readonly sshHostKey: string;
  /** SHA-256 (hex) of the LUKS2 header the volume was opened with. */
  readonly headerSha256: string;
  /** The boot counter, as it is in the volume now. */
  readonly counter: number;
};

/** `guest.<minerId>.confirm`: leave to go on, after the volume was opened and before anything of it runs. */
export type ConfirmRequest = {
  readonly vmId: string;
  /** The Attestation Result on this guest, purpose `ssh-host-key`. */
  readonly result: string;
  readonly nonce: string;
  readonly boot: BootFacts;
};

/** What only the network can say, as the text that it signed. A miner passes it on as it is. */
export type NetworkAnswer = { readonly message: string };

/** Every request of a guest to the orchestrator: its name on the bus, what is asked and what is answered. */
export type GuestRequests = {
  readonly release: { readonly ask: ReleaseRequest; readonly answer: NetworkAnswer };
  readonly confirm: { readonly ask: ConfirmRequest; readonly answer: NetworkAnswer };
};
export type GuestRequest = keyof GuestRequests;

/** The orchestrator said no to a guest. */
export class GuestRefused extends Error {
  override readonly name = 'GuestRefused';

  /** Stable: `boot-not-current`, `consent-needed`, `volume-older`. */
  readonly code: string;
  /** When it is worth asking again; `null` when never as it is. */
  readonly retryInMs: number | null;

  constructor(code: string, detail: string, retryInMs: number | null) {
    super(detail);
    this.code = code;
    this.retryInMs = retryInMs;
  }
}
