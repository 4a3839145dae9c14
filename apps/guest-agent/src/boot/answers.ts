import { z } from 'zod';
import { Stop } from '../stop.ts';

// What comes back through the host. Nothing of it is trusted but what the network signed; a name that is not known here is
// passed over, so that the network may learn new ones.

const challenge = z.object({
  nonce: z.base64().min(24).max(88),
  expiresAt: z.int().nonnegative(),
  networkId: z.string(),
  networkKind: z.string(),
});
const appraisal = z.object({
  tier: z.string().max(32),
  refusals: z.array(z.object({ code: z.string().max(64), title: z.string().max(300) })).max(64),
  result: z
    .string()
    .min(1)
    .max(64 * 1024),
});
const signed = z.object({
  message: z
    .string()
    .min(2)
    .max(256 * 1024),
});

export type Challenge = z.infer<typeof challenge>;
export type Appraisal = z.infer<typeof appraisal>;

/** A challenge of the attestor. Stops with `answer-malformed`. Pure. */
export const readChallenge = (body: string): Challenge => read(challenge, body, 'challenge');
/** What the attestor made of evidence. Stops with `answer-malformed`. Pure. */
export const readAppraisal = (body: string): Appraisal => read(appraisal, body, 'appraisal');
/** The text that the network signed. Stops with `answer-malformed`. Pure. */
export const readSigned = (body: string): string => read(signed, body, 'answer').message;

const read = <T>(schema: z.ZodType<T>, body: string, what: string): T => {
  const found = schema.safeParse(parseJson(body));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new Stop('answer-malformed', `the network's ${what} is none: ${issue?.path.join('.') ?? ''} ${issue?.message}`);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
