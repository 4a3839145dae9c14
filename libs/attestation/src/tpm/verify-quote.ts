import type { Malformed } from '../malformed.ts';
import type { Verified } from '../verdict.ts';
import { checkAkAttributes } from './ak-attributes.ts';
import { parseTpmQuote, type TpmQuote } from './attest.ts';
import type { PcrSelection, PcrValue, TpmClaims, TpmProgress } from './claims.ts';
import { Findings } from './findings.ts';
import type { TpmKey } from './keys.ts';
import { notQuoted, pcrDigest, quotedValues, showSelection } from './pcrs.ts';
import { checkProgress, progressOf } from './progress.ts';
import type { TpmRefusalCode } from './refusals.ts';
import { isSignedBy, parseTpmSignature, type TpmSignature } from './signature.ts';

export interface TpmQuoteEvidence {
  /** TPMS_ATTEST, without a size in front. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
  /** The quoted registers, in any order. */
  readonly pcrs: readonly PcrValue[];
}

/** What a quote is held against. Nothing is left out silently: what is not asked for says `unchecked`. */
export interface TpmQuotePolicy {
  readonly nonce: Uint8Array | 'unchecked';
  /** Registers the quote must cover; it may cover more. */
  readonly pcrs: readonly PcrSelection[] | 'unchecked';
  readonly akAttributes: 'required' | 'unchecked';
  /** SHA-1 as the hash of the signature or of a quoted bank. */
  readonly sha1: 'refused' | 'allowed';
  /** What was remembered of this key; `first-quote` for one that was never seen. */
  readonly previous: TpmProgress | 'first-quote' | 'unchecked';
  readonly clockSafe: 'required' | 'unchecked';
}

/**
 * Verifies a TPM quote by a key that is already known: `ak` must be the key of this TPM by activation, by certificate or by an
 * SNP report, which this function cannot see. Never throws on evidence; every check it made is in the answer, in order.
 */
export function verifyTpmQuote(evidence: TpmQuoteEvidence, ak: TpmKey, policy: TpmQuotePolicy): Verified<TpmClaims> {
  const findings = new Findings();
  const quote = findings.parsed(codeOfAttest, () => parseTpmQuote(evidence.attest));
  const signature = findings.parsed('tpm-signature-form', () => parseTpmSignature(evidence.signature));
  if (quote === undefined || signature === undefined) return findings.verdict<TpmClaims>(undefined);
  findings.check('tpm-type', true, 'a quote made by a TPM', 'TPM_GENERATED and type quote');
  checkSignature(findings, evidence, ak, signature);
  checkAkAttributes(findings, ak, policy.akAttributes);
  const nonce = hexOf(quote.extraData);
  checkNonce(findings, quote, nonce, policy.nonce);
  checkSha1(findings, quote, signature, policy.sha1);
  checkSelection(findings, quote, policy.pcrs);
  const digest = hexOf(quote.pcrDigest);
  const pcrs = checkValues(findings, digest, quote, signature, evidence.pcrs);
  const progress = progressOf(quote);
  if (policy.previous === 'unchecked') findings.unchecked('tpm-reset-count', 'clock, counts and firmware version');
  else if (policy.previous !== 'first-quote') checkProgress(findings, quote, progress, policy.previous);
  if (policy.clockSafe === 'unchecked') findings.unchecked('tpm-clock-safe', quote.safe ? 'safe' : 'not safe');
  else findings.check('tpm-clock-safe', quote.safe, quote.safe ? 'safe' : 'not safe', 'a clock that cannot repeat');
  if (pcrs === undefined) return findings.verdict<TpmClaims>(undefined);
  return findings.verdict({
    ...{ kind: 'tpm-quote', nonce, pcrs, pcrDigest: digest, progress, clockSafe: quote.safe },
    signature: { scheme: signature.scheme, hash: signature.hash },
    qualifiedSigner: hexOf(quote.qualifiedSigner),
    ak: keyClaims(ak, policy),
  });
}

function codeOfAttest({ what }: Malformed): TpmRefusalCode {
  if (what === 'TPMS_ATTEST.magic') return 'tpm-magic';
  return what === 'TPMS_ATTEST.type' ? 'tpm-type' : 'tpm-attest-form';
}

function checkSignature(findings: Findings, evidence: TpmQuoteEvidence, ak: TpmKey, signature: TpmSignature): void {
  const scheme = ak.area?.scheme;
  const observed = (): string => `${signature.scheme} with ${signature.hash}`;
  if (scheme === undefined) findings.unchecked('tpm-signature-scheme', observed);
  else {
    const agrees = scheme.name === signature.scheme && scheme.hash === signature.hash;
    findings.check(
      'tpm-signature-scheme',
      agrees,
      observed,
      () => `${scheme.name} with ${scheme.hash}, as the key says`,
    );
  }
  const holds = isSignedBy(ak, signature, evidence.attest);
  const wanted = 'a signature by the attestation key over these very bytes';
  const seen = (): string => (holds ? `${observed()} by ${ak.kind}` : `none by this ${ak.kind} key`);
  findings.check('tpm-signature', holds, seen, wanted);
}

function checkNonce(findings: Findings, quote: TpmQuote, observed: string, nonce: Uint8Array | 'unchecked'): void {
  if (nonce === 'unchecked') {
    findings.unchecked('tpm-nonce', observed);
    return;
  }
  const agrees = Buffer.compare(quote.extraData, nonce) === 0;
  findings.check('tpm-nonce', agrees, observed || 'empty', () => hexOf(nonce) || 'empty');
}

function checkSha1(findings: Findings, quote: TpmQuote, signature: TpmSignature, policy: 'refused' | 'allowed'): void {
  const used: string[] = signature.hash === 'sha1' ? ['signature'] : [];
  if (quote.selection.some(({ bank, indices }) => bank === 'sha1' && indices.length > 0)) used.push('bank');
  const observed = used.length === 0 ? 'not used' : used.join(' and ');
  if (policy === 'allowed' && used.length > 0) findings.unchecked('tpm-sha1', observed);
  else findings.check('tpm-sha1', used.length === 0, observed, 'no SHA-1 in signature or banks');
}

function checkSelection(findings: Findings, quote: TpmQuote, wanted: readonly PcrSelection[] | 'unchecked'): void {
  const observed = (): string => showSelection(quote.selection);
  if (wanted === 'unchecked') {
    findings.unchecked('tpm-pcr-selection', observed);
    return;
  }
  const missing = notQuoted(wanted, quote.selection);
  const enough = missing.length === 0;
  const seen = (): string => (enough ? observed() : `${observed()}, without ${missing.join(' ')}`);
  const asked = (): string => {
    const isAll = enough && countOf(wanted) === countOf(quote.selection);
    return isAll ? observed() : `at least ${showSelection(wanted)}`;
  };
  findings.check('tpm-pcr-selection', enough, seen, asked);
}

const countOf = (selection: readonly PcrSelection[]): number =>
  selection.reduce((sum, { indices }) => sum + indices.length, 0);

function checkValues(
  findings: Findings,
  wanted: string,
  quote: TpmQuote,
  signature: TpmSignature,
  sent: readonly PcrValue[],
): readonly PcrValue[] | undefined {
  const quoted = quotedValues(quote.selection, sent);
  if (!quoted.ok) {
    findings.check('tpm-pcr-values', false, quoted.observed, quoted.wanted);
    return undefined;
  }
  const observed = pcrDigest(signature.hash, quoted.joined);
  const agrees = findings.check('tpm-pcr-digest', observed === wanted, observed, wanted || 'empty');
  return agrees ? quoted.values : undefined;
}

function keyClaims(ak: TpmKey, policy: TpmQuotePolicy): TpmClaims['ak'] {
  return {
    form: ak.area === undefined ? 'spki' : 'public-area',
    ...{ name: ak.name, spkiSha256: ak.spkiSha256, kind: ak.kind },
    attributesChecked: policy.akAttributes === 'required' && ak.area !== undefined,
  };
}

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
