import { z } from 'zod';
import type { ConfirmRequest, GuestRequest, GuestRequests, NetworkAnswer, ReleaseRequest } from '../guest-messages.ts';
import { guestKeyBytesMax, networkAnswerCharsMax, resultCharsMax } from '../limits.ts';
import { count, sha256Hex, sshKeyText } from './values.ts';

// Untrusted bytes until parsed, on both sides.

const vmId = z.uuid().lowercase();
const base64 = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'expected base64');
const result = z.string().min(1).max(resultCharsMax);
const nonce = base64(64);

const releaseRequest: z.ZodType<ReleaseRequest> = z.strictObject({
  ...{ vmId, result, nonce },
  guestKey: base64(Math.ceil(guestKeyBytesMax / 3) * 4),
});
const confirmRequest: z.ZodType<ConfirmRequest> = z.strictObject({
  ...{ vmId, result, nonce },
  boot: z.strictObject({
    sshHostKey: sshKeyText,
    headerSha256: sha256Hex,
    counter: count,
  }),
});
const networkAnswer: z.ZodType<NetworkAnswer> = z.strictObject({
  message: z.string().min(1).max(networkAnswerCharsMax),
});

/** The stored form of each request of a guest and its answer. */
export const guestRequests: {
  readonly [What in GuestRequest]: {
    readonly ask: z.ZodType<GuestRequests[What]['ask']>;
    readonly answer: z.ZodType<GuestRequests[What]['answer']>;
  };
} = {
  release: { ask: releaseRequest, answer: networkAnswer },
  confirm: { ask: confirmRequest, answer: networkAnswer },
};
