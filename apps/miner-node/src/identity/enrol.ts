import { z } from 'zod';
import type { Log } from '#edge';
import type { Clock } from '#events';
import { CannotStart } from '../failure.ts';
import { limits } from '../limits.ts';
import { type Pass, parsePass } from './pass.ts';

export type Enrolment = {
  readonly apiUrl: string;
  readonly minerId: string;
  readonly joinToken: string;
  readonly publicKey: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** Exchanges the join token for a pass, waiting for the orchestrator for as long as it is not there.
 *  Refuses with CannotStart when the orchestrator says no: it will say so again. */
export const enrol = async (enrolment: Enrolment): Promise<Pass> => {
  const { apiUrl, clock, log, signal } = enrolment;
  for (let pauseMs: number = limits.enrolRetryMs; ; pauseMs = Math.min(2 * pauseMs, limits.enrolRetryMaxMs)) {
    const answer = await askForPass(enrolment);
    if (answer.kind === 'pass') return answer.pass;
    if (answer.kind === 'refused') throw new CannotStart(answer.reason);
    log('warn', 'not enrolled yet, it is tried again', { apiUrl, reason: answer.reason, inMs: pauseMs });
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) throw new CannotStart('stopped before the miner was enrolled');
  }
};

export type EnrolmentAnswer =
  | { readonly kind: 'pass'; readonly pass: Pass }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'later'; readonly reason: string };

/** One try. */
export const askForPass = async ({
  apiUrl,
  minerId,
  joinToken,
  publicKey,
  signal,
}: Enrolment): Promise<EnrolmentAnswer> => {
  const url = `${apiUrl}/v1/miners/${minerId}/enrolment`;
  let status: number;
  let body: string;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${joinToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ natsPublicKey: publicKey }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.enrolTimeoutMs)]),
    });
    status = response.status;
    body = await readBounded(response);
  } catch (error) {
    return { kind: 'later', reason: `${url} does not answer: ${reasonOf(error)}` };
  }
  if (status === 200 || status === 201 || status === 202) return { kind: 'pass', pass: parsePass(body) };
  const said = `${url} answered ${status}: ${problemDetail(body)}`;
  // 408 and 429 ask for patience, 5xx is their trouble; every other no is about us.
  if (status === 408 || status === 429 || status >= 500) return { kind: 'later', reason: said };
  return { kind: 'refused', reason: `this miner cannot enrol: ${said}; ${fixFor(status)}` };
};

const fixFor = (status: number): string =>
  status === 404
    ? 'correct HCC_MINER_ID and HCC_API_URL, or invite the miner: hcc miner invite'
    : 'use the join token of this miner, or ask an operator for a new invitation: hcc miner invite';

const problem = z.object({ detail: z.string().optional(), title: z.string().optional(), code: z.string().optional() });

const problemDetail = (body: string): string => {
  try {
    const { code, detail, title } = problem.parse(JSON.parse(body));
    return [code, detail ?? title]
      .filter((part) => part !== undefined)
      .join(': ')
      .slice(0, 500);
  } catch {
    return 'no problem document';
  }
};

const readBounded = async (response: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limits.enrolAnswerBytesMax)
      throw new Error(`its answer is longer than ${limits.enrolAnswerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** fetch says "fetch failed"; the reason is in its cause. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
};
