import type {
  Activated,
  ActivateRequest,
  Challenge,
  ChallengeRequest,
  ChipCertificates,
  ChipRequest,
  EnrolChallenge,
  EnrolRequest,
  EvidenceAnswer,
  EvidenceRequest,
  GuestChallenge,
  GuestChallengeRequest,
  GuestEvidenceRequest,
  ImaPart,
  ImaPartTaken,
} from '../attestation-messages.ts';
import type { Stop } from './bus.ts';

/** Every request of the attestation protocol: its name on the bus, what is asked and what is answered. */
export type AttestationRequests = {
  readonly challenge: { readonly ask: ChallengeRequest; readonly answer: Challenge };
  readonly enrol: { readonly ask: EnrolRequest; readonly answer: EnrolChallenge };
  readonly activate: { readonly ask: ActivateRequest; readonly answer: Activated };
  readonly chip: { readonly ask: ChipRequest; readonly answer: ChipCertificates };
  readonly ima: { readonly ask: ImaPart; readonly answer: ImaPartTaken };
  readonly evidence: { readonly ask: EvidenceRequest; readonly answer: EvidenceAnswer };
  readonly 'guest-challenge': { readonly ask: GuestChallengeRequest; readonly answer: GuestChallenge };
  readonly 'guest-evidence': { readonly ask: GuestEvidenceRequest; readonly answer: EvidenceAnswer };
};
export type AttestationRequest = keyof AttestationRequests;

/** The verifier said no to a request itself (evidence that is refused is an answer, not this). */
export class AttestationRefused extends Error {
  override readonly name = 'AttestationRefused';

  /** Stable: `throttled`, `nonce-used`, `ek-untrusted`. */
  readonly code: string;
  /** When it is worth asking again; `null` when never as it is. */
  readonly retryInMs: number | null;

  constructor(code: string, detail: string, retryInMs: number | null) {
    super(detail);
    this.code = code;
    this.retryInMs = retryInMs;
  }
}

/** What a miner does about attestation, as itself and on no subject but its own. */
export type AttesterBus = {
  /** Rejects with {@link AttestationRefused} for a "no", with BusUnavailable when no attestor answers. */
  ask<What extends AttestationRequest>(
    what: What,
    message: AttestationRequests[What]['ask'],
  ): Promise<AttestationRequests[What]['answer']>;
  /** Somebody wants evidence now, before the time that was said. */
  onDue(handle: () => void): Promise<Stop>;
};

export type AttestationHandlers = {
  /** A handler that throws {@link AttestationRefused} refuses; anything else is our fault and says no more than that. */
  readonly [What in AttestationRequest]: (
    minerId: string,
    message: AttestationRequests[What]['ask'],
  ) => Promise<AttestationRequests[What]['answer']>;
};

/** Called before anything of a request is read. Throws {@link AttestationRefused} for who may not ask now; costs next to nothing. */
export type Admit = (minerId: string, what: AttestationRequest) => void;

/** What an attestor does on the bus. Several share the requests: each goes to one of them, only parts of
 *  measurement lists go to all, so that whoever gets the evidence has them. */
export type VerifierBus = {
  serve(handlers: AttestationHandlers, admit: Admit): Promise<Stop>;
  /** Tells a miner to attest now. Lost when it is not there; its next beat of the schedule comes anyway. */
  due(minerId: string): void;
  /** Since when there is a connection; `null` while there is none. */
  connectedSince(): number | null;
  close(): Promise<void>;
};
