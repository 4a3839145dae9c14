import type { Words } from '../finding.ts';
import type { TpmQuote } from './attest.ts';
import type { TpmProgress } from './claims.ts';
import type { Findings } from './findings.ts';

/** What is remembered of a quote for the next one of the same key. `firmwareHex` is its firmware version in 16 hex digits. */
export function progressOf(quote: TpmQuote, firmwareHex: string): TpmProgress {
  return {
    clockMs: quote.clockMs,
    resetCount: quote.resetCount,
    restartCount: quote.restartCount,
    firmwareVersion: `0x${firmwareHex}`,
  };
}

/**
 * Refuses a TPM that has gone back: an older quote, a restored software TPM, older firmware.
 * Counts and firmware version of a key outside the endorsement hierarchy are the true ones plus a secret that is fixed for the key,
 * modulo their width; so they are compared as steps modulo that width, where less than half of it is forward.
 */
export function checkProgress(findings: Findings, quote: TpmQuote, seen: TpmProgress, previous: TpmProgress): void {
  const both = { seen, previous };
  const resets = step(previous.resetCount, seen.resetCount);
  findings.worded('tpm-reset-count', resets >= 0, both, resetWords);
  // A reset starts the count of restarts anew.
  const restarted = resets > 0 || step(previous.restartCount, seen.restartCount) >= 0;
  findings.worded('tpm-restart-count', restarted, both, restartWords);
  // After a power cut the clock may repeat what it had not stored; the TPM says so itself, and counts the reset.
  const isForward = (resets > 0 && !quote.safe) || !isBefore(seen.clockMs, previous.clockMs);
  findings.worded('tpm-clock', isForward, both, clockWords);
  const isOlder =
    seen.firmwareVersion !== previous.firmwareVersion &&
    BigInt.asIntN(64, BigInt(seen.firmwareVersion) - BigInt(previous.firmwareVersion)) < 0n;
  findings.worded('tpm-firmware', !isOlder, both, firmwareWords);
}

type Both = { readonly seen: TpmProgress; readonly previous: TpmProgress };

const wordsOf =
  (of: (progress: TpmProgress) => string) =>
  ({ seen, previous }: Both): Words => ({ observed: of(seen), wanted: `not before ${of(previous)}, as last seen` });
const resetWords = wordsOf(({ resetCount }) => `${resetCount}`);
const restartWords = wordsOf(({ restartCount }) => `${restartCount}`);
const clockWords = wordsOf(({ clockMs }) => `${clockMs} ms`);
const firmwareWords = wordsOf(({ firmwareVersion }) => firmwareVersion);

/** From one count of 32 bits to another, the short way round. */
const step = (from: number, to: number): number => (to - from) | 0;

/** Numbers that differ are in the order of what they were rounded from; only others need all their digits. */
function isBefore(clockMs: string, previous: string): boolean {
  const now = Number(clockMs);
  const then = Number(previous);
  return now === then ? BigInt(clockMs) < BigInt(previous) : !(now > then);
}
