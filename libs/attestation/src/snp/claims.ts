/** Processors whose certificates and TCB layout this library knows. */
export type SnpProduct = 'milan' | 'genoa' | 'turin';

/** Security version numbers of the parts of a platform's firmware. Parts are compared one by one, never as one number. */
export interface SnpTcb {
  /** Boot firmware of the secure processor's own core; products before Turin have none. */
  readonly fmc: number | null;
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

export interface SnpFirmware {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** What the guest was launched to allow; the processor keeps to it. `true` means the guest's owner allows or demands the thing named. */
export interface SnpGuestPolicy {
  readonly abiMajor: number;
  readonly abiMinor: number;
  readonly smt: boolean;
  readonly migrateMa: boolean;
  readonly debug: boolean;
  readonly singleSocket: boolean;
  readonly cxl: boolean;
  readonly memAes256Xts: boolean;
  readonly raplDis: boolean;
  readonly ciphertextHidingDram: boolean;
  readonly pageSwapDisable: boolean;
  /** All 64 bits, as 0x… */
  readonly raw: string;
}

/** How the platform is configured, in the words of its firmware. */
export interface SnpPlatformInfo {
  readonly smt: boolean;
  readonly tsme: boolean;
  readonly ecc: boolean;
  readonly raplDis: boolean;
  readonly ciphertextHidingDram: boolean;
  readonly aliasCheckComplete: boolean;
  readonly tio: boolean;
  /** All 64 bits, as 0x… */
  readonly raw: string;
}

/** What a verified report says. Plain data: hex is lower case, times are milliseconds since 1970. */
export interface SnpClaims {
  readonly reportVersion: number;
  readonly product: SnpProduct;
  /** Family, model and stepping; reports of version 2 do not say. */
  readonly cpuid: { readonly family: number; readonly model: number; readonly stepping: number } | null;
  /** 64 bytes, 8 on Turin; `null` where the report leaves it out (masked, or a provider that signs with a VLEK). */
  readonly chipIdHex: string | null;
  /** The certificate names this very chip. False for every VLEK and every masked chip. */
  readonly chipIdBound: boolean;
  readonly chipKeyMasked: boolean;
  readonly measurementHex: string;
  readonly hostDataHex: string;
  readonly reportDataHex: string;
  readonly familyIdHex: string;
  readonly imageIdHex: string;
  readonly reportIdHex: string;
  /** The migration agent's report id; `null` where there is none (all ones). */
  readonly reportIdMaHex: string | null;
  readonly idKeyDigestHex: string;
  readonly authorKeyDigestHex: string;
  readonly authorKeyEnabled: boolean;
  readonly guestSvn: number;
  readonly vmpl: number;
  readonly policy: SnpGuestPolicy;
  readonly platformInfo: SnpPlatformInfo;
  readonly tcb: {
    /** What the signing key is derived from. */
    readonly reported: SnpTcb;
    readonly current: SnpTcb;
    readonly committed: SnpTcb;
    readonly launch: SnpTcb;
  };
  readonly firmware: { readonly current: SnpFirmware; readonly committed: SnpFirmware };
  /** Bit vectors of mitigations, as 16 hex digits of a number; reports before version 5 have none. */
  readonly mitigations: { readonly launchHex: string; readonly currentHex: string } | null;
  readonly vekKind: 'vcek' | 'vlek';
  /** SHA-256 of the certificate's DER. */
  readonly vekSha256: string;
  readonly vekNotBeforeMs: number;
  readonly vekNotAfterMs: number;
  /** The cloud provider a VLEK was made for. */
  readonly cspId: string | null;
  /** Which of the given roots it rests on. */
  readonly rootName: string;
  /** The root speaks for software that plays a processor: nothing is confidential. */
  readonly simulated: boolean;
  /** The revocation list the answer rests on: within its dates, past them, or none was given. */
  readonly revocation: 'fresh' | 'stale' | 'absent';
  readonly revocationNextUpdateMs: number | null;
}
