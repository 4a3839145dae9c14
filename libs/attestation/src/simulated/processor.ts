import type { KeyObject } from 'node:crypto';
import type { SnpTcb } from '../snp/claims.ts';

/**
 * What a simulated secure processor does, for networks of machines without SEV-SNP. Only the shape is here: the processor
 * itself is left out of a production build, so that there it cannot be loaded by anybody.
 */
export interface SimulatedProcessor {
  /** Keys of a root. They take seconds to make, off the event loop: make them once for a network, then keep the root. */
  readonly generateRootKeys: () => Promise<SimulatedRootKeys>;
  readonly makeRoot: (keys: SimulatedRootKeys, of: SimulatedRootTerms) => SimulatedRoot;
  /** The root as text that {@link readRoot} takes again. It holds both private keys: a secret. */
  readonly writeRoot: (root: SimulatedRoot) => string;
  /** Refuses, by throwing, text that is no root or whose keys are not those of its certificates. */
  readonly readRoot: (text: string) => SimulatedRoot;
  /** The identity of a chip is its public key: SHA-512 of the SPKI, 64 bytes. */
  readonly chipIdOf: (spki: Uint8Array) => Uint8Array;
  /** A VCEK for a chip, DER. Refuses, by throwing, a key that is not on P-384. */
  readonly issueVcek: (root: SimulatedRoot, of: SimulatedVcekTerms) => Uint8Array;
  /** A revocation list signed by the ARK, DER. */
  readonly issueRevocationList: (root: SimulatedRoot, of: SimulatedRevocationTerms) => Uint8Array;
  /** A new chip's key pair. */
  readonly generateChipKey: () => Promise<KeyObject>;
  /** A signed attestation report, 1184 bytes. */
  readonly signReport: (chip: SimulatedChip, of: SimulatedReportTerms) => Uint8Array;
  /** The launch digest (48 bytes, lower-case hex) of a VM over the files of its command line. */
  readonly launchDigest: (of: SimulatedLaunchInputs) => string;
  /** That digest after the firmware alone, as {@link SimulatedLaunchInputs} takes it in place of the file. */
  readonly firmwareDigest: (firmware: Uint8Array) => string;
}

export type SimulatedProduct = 'milan' | 'genoa';

export interface SimulatedRootKeys {
  readonly ark: KeyObject;
  readonly ask: KeyObject;
}

export interface SimulatedRootTerms {
  readonly product: SimulatedProduct;
  /** Of the network, for the names of the certificates. */
  readonly network: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface SimulatedRoot {
  readonly product: SimulatedProduct;
  readonly network: string;
  readonly keys: SimulatedRootKeys;
  /** DER. */
  readonly ark: Uint8Array;
  readonly ask: Uint8Array;
}

/** Security versions; simulated products have no FMC. */
export type SimulatedTcb = Omit<SnpTcb, 'fmc'>;

export interface SimulatedVcekTerms {
  readonly publicKeySpki: Uint8Array;
  readonly tcb: SimulatedTcb;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface SimulatedRevocationTerms {
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** Whether the list names the ASK, and with it every chip. */
  readonly revokesAsk: boolean;
}

export interface SimulatedChip {
  readonly product: SimulatedProduct;
  readonly key: KeyObject;
  readonly tcb: SimulatedTcb;
}

export interface SimulatedReportTerms {
  readonly reportData: Uint8Array;
  readonly hostData: Uint8Array;
  /** 48 bytes. */
  readonly measurement: Uint8Array;
  /** 32 bytes that name the launch; random. */
  readonly reportId: Uint8Array;
  readonly version?: 3 | 5;
  /** Guest policy, 64 bits; SMT allowed and nothing else where it is not said. */
  readonly policy?: bigint;
  readonly vmpl?: number;
  readonly platformInfo?: bigint;
}

export interface SimulatedLaunchInputs {
  /** The file, or what `firmwareDigest` says of it. */
  readonly firmware: Uint8Array | { readonly launchDigest: string };
  /** SHA-256 of the files, lower-case hex: an initrd is larger than what is held in memory. */
  readonly kernelSha256: string;
  readonly initrdSha256: string;
  readonly commandLine: string;
  readonly vcpus: number;
  /** A name QEMU's `-cpu` takes, or its CPUID signature where it has none. */
  readonly vcpuType: string;
}
