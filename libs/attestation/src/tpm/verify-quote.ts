import type { Words } from '../finding.ts';
import type { Malformed } from '../malformed.ts';
import type { Verified } from '../verdict.ts';
import { checkAkAttributes } from './ak-attributes.ts';
import { parseTpmQuote, type TpmQuote } from './attest.ts';
import type { PcrSelection, PcrValue, TpmClaims, TpmProgress } from './claims.ts';
import { Findings } from './findings.ts';
import type { TpmKey } from './keys.ts';
import { notQuoted, quotedValues, showSelection } from './pcrs.ts';
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
  // All of it once: parts of a text cost next to nothing.
  const attest = hexOf(evidence.attest);
  const hexAt = ({ byteOffset, length }: Uint8Array): string => {
    const from = 2 * (byteOffset - evidence.attest.byteOffset);
    return attest.slice(from, from + 2 * length);
  };
  const nonce = hexAt(quote.extraData);
  checkNonce(findings, quote, nonce, policy.nonce);
  checkSha1(findings, quote, signature, policy.sha1);
  checkSelection(findings, quote, policy.pcrs);
  const digest = hexAt(quote.pcrDigest);
  const pcrs = checkValues(findings, digest, quote, signature, evidence.pcrs);
  const progress = progressOf(quote, hexAt(quote.firmwareVersion));
  if (policy.previous === 'unchecked') findings.unchecked('tpm-reset-count', 'clock, counts and firmware version');
  else if (policy.previous !== 'first-quote') checkProgress(findings, quote, progress, policy.previous);
  if (policy.clockSafe === 'unchecked') findings.unchecked('tpm-clock-safe', quote.safe ? 'safe' : 'not safe');
  else findings.check('tpm-clock-safe', quote.safe, quote.safe ? 'safe' : 'not safe', 'a clock that cannot repeat');
  if (pcrs === undefined) return findings.verdict<TpmClaims>(undefined);
  return findings.verdict({
    kind: 'tpm-quote',
    nonce,
    pcrs,
    pcrDigest: digest,
    progress,
    clockSafe: quote.safe,
    signature: { scheme: signature.scheme, hash: signature.hash },
    qualifiedSigner: hexAt(quote.qualifiedSigner),
    ak: keyClaims(ak, policy),
  });
}

function codeOfAttest({ what }: Malformed): TpmRefusalCode {
  if (what === 'TPMS_ATTEST.magic') return 'tpm-magic';
  return what === 'TPMS_ATTEST.type' ? 'tpm-type' : 'tpm-attest-form';
}

function checkSignature(findings: Findings, evidence: TpmQuoteEvidence, ak: TpmKey, signature: TpmSignature): void {
  const scheme = ak.area?.scheme;
  if (scheme === undefined) findings.unchecked('tpm-signature-scheme', () => sayScheme(signature));
  else {
    const agrees = scheme.name === signature.scheme && scheme.hash === signature.hash;
    findings.worded('tpm-signature-scheme', agrees, { signature, scheme }, schemeWords);
  }
  const holds = isSignedBy(ak, signature, evidence.attest);
  findings.worded('tpm-signature', holds, { holds, ak, signature }, signatureWords);
}

const sayScheme = ({ scheme, hash }: TpmSignature): string => `${scheme} with ${hash}`;

type OfKey = NonNullable<NonNullable<TpmKey['area']>['scheme']>;
const schemeWords = (said: { readonly signature: TpmSignature; readonly scheme: OfKey }): Words => ({
  observed: sayScheme(said.signature),
  wanted: `${said.scheme.name} with ${said.scheme.hash}, as the key says`,
});

type Tried = { readonly holds: boolean; readonly ak: TpmKey; readonly signature: TpmSignature };
const signatureWords = ({ holds, ak, signature }: Tried): Words => ({
  observed: holds ? `${sayScheme(signature)} by ${ak.kind}` : `none by this ${ak.kind} key`,
  wanted: 'a signature by the attestation key over these very bytes',
});

function checkNonce(findings: Findings, quote: TpmQuote, observed: string, nonce: Uint8Array | 'unchecked'): void {
  if (nonce === 'unchecked') findings.unchecked('tpm-nonce', observed);
  else findings.worded('tpm-nonce', isSame(quote.extraData, nonce), { observed, nonce }, nonceWords);
}

const nonceWords = ({ observed, nonce }: { readonly observed: string; readonly nonce: Uint8Array }): Words => ({
  observed: observed || 'empty',
  wanted: hexOf(nonce) || 'empty',
});

function checkSha1(findings: Findings, quote: TpmQuote, signature: TpmSignature, policy: 'refused' | 'allowed'): void {
  const inSignature = signature.hash === 'sha1';
  const inBank = quote.selection.some(({ bank, indices }) => bank === 'sha1' && indices.length > 0);
  const isUsed = inSignature || inBank;
  const observed = isUsed ? [inSignature && 'signature', inBank && 'bank'].filter(Boolean).join(' and ') : 'not used';
  if (policy === 'allowed' && isUsed) findings.unchecked('tpm-sha1', observed);
  else findings.check('tpm-sha1', !isUsed, observed, 'no SHA-1 in signature or banks');
}

function checkSelection(
  findings: Findings,
  { selection }: TpmQuote,
  wanted: readonly PcrSelection[] | 'unchecked',
): void {
  if (wanted === 'unchecked') {
    findings.unchecked('tpm-pcr-selection', () => showSelection(selection));
    return;
  }
  const missing = notQuoted(wanted, selection);
  findings.worded('tpm-pcr-selection', missing.length === 0, { selection, wanted, missing }, selectionWords);
}

type Selected = {
  readonly selection: readonly PcrSelection[];
  readonly wanted: readonly PcrSelection[];
  readonly missing: readonly string[];
};
const selectionWords = ({ selection, wanted, missing }: Selected): Words => {
  const quoted = showSelection(selection);
  if (missing.length > 0) {
    return { observed: `${quoted}, without ${missing.join(' ')}`, wanted: `at least ${showSelection(wanted)}` };
  }
  const isAll = countOf(wanted) === countOf(selection);
  return { observed: quoted, wanted: isAll ? quoted : `at least ${showSelection(wanted)}` };
};

const countOf = (selection: readonly PcrSelection[]): number =>
  selection.reduce((sum, { indices }) => sum + indices.length, 0);

function checkValues(
  findings: Findings,
  wanted: string,
  quote: TpmQuote,
  signature: TpmSignature,
  sent: readonly PcrValue[],
): readonly PcrValue[] | undefined {
  const quoted = quotedValues(quote.selection, sent, signature.hash);
  if (!quoted.ok) {
    findings.check('tpm-pcr-values', false, quoted.observed, quoted.wanted);
    return undefined;
  }
  const { digest, values } = quoted;
  return findings.check('tpm-pcr-digest', digest === wanted, digest, wanted || 'empty') ? values : undefined;
}

function keyClaims(ak: TpmKey, policy: TpmQuotePolicy): TpmClaims['ak'] {
  return {
    form: ak.area === undefined ? 'spki' : 'public-area',
    name: ak.name,
    spkiSha256: ak.spkiSha256,
    kind: ak.kind,
    attributesChecked: policy.akAttributes === 'required' && ak.area !== undefined,
  };
}

/** For a few bytes: asking Node would take longer. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}

const hexOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('hex');
