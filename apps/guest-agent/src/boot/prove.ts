import { type GuestPurpose, reportDataOf } from '#attestation';
import { bounded } from '../checks/words.ts';
import { checkReport } from '../identity.ts';
import type { ReportProvider } from '../report/report-provider.ts';
import { Stop } from '../stop.ts';
import { type Appraisal, type Challenge, readAppraisal, readChallenge } from './answers.ts';
import { type Host, NetworkRefused } from './host.ts';
import type { VmIdentity } from './identity.ts';
import { limits } from './limits.ts';

/** What the network said of a report of this machine, and the challenge (base64) that the report answered. */
export type Proof = { readonly result: string; readonly nonce: string };

/** What a report is about, beside who this machine is. */
export type Claim = {
  readonly purpose: GuestPurpose;
  readonly binding: Uint8Array;
  readonly suite: string;
  /** The public key, for `vm-key`. */
  readonly key: Uint8Array | null;
  /** What was found in the volume, for `ssh-host-key`. */
  readonly boot: { readonly sshHostKey: string; readonly headerSha256: string; readonly counter: number } | null;
};

export type ProverParts = {
  readonly host: Host;
  readonly identity: VmIdentity;
  readonly provider: ReportProvider;
  readonly agentVersion: string;
  readonly uptimeMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly say: (line: string) => void;
};

/** Asks for the challenge that a proof begins with. Listens once it is waited for: the network works meanwhile. */
export const beginProof = (host: Pick<Host, 'begin'>, purpose: GuestPurpose): (() => Promise<Challenge>) => {
  const answer = host.begin('challenge', { purpose });
  return async () => readChallenge(await answer());
};

/** Proves a claim to the network and asks for what it is the price of, until the network answers or says that it never
 *  will (NetworkRefused). How long that takes is the network's to say: it waits for owners too. A result that has become
 *  old meanwhile is made anew. `begun` is its first challenge, where that was asked for before. Stops with `appraisal-refused`
 *  when the network sees what no later try would change. */
export const askWithProof = async <Answer>(
  parts: ProverParts,
  claim: Claim,
  ask: (proof: Proof) => Promise<Answer>,
  begun: () => Promise<Challenge> = beginProof(parts.host, claim.purpose),
): Promise<Answer> => {
  let challenge: (() => Promise<Challenge>) | null = begun;
  let proven: { readonly proof: Proof; readonly atMs: number } | null = null;
  for (;;) {
    try {
      if (proven === null || parts.uptimeMs() - proven.atMs > limits.resultAgeMsMax) {
        const asked = challenge ?? beginProof(parts.host, claim.purpose);
        challenge = null;
        proven = { atMs: parts.uptimeMs(), proof: await prove(parts, claim, asked) };
      }
      return await ask(proven.proof);
    } catch (error) {
      if (!(error instanceof NetworkRefused) || error.retryInMs === null) throw error;
      parts.say(`waiting, ${error.code}: ${error.message}`);
      if (renewing.test(error.code)) proven = null;
      await parts.pause(Math.max(error.retryInMs, limits.retryMsMin));
    }
  }
};

/** Refusals that are of the challenge or of the result's age: another one helps. */
const renewing = /^(?:nonce-|appraisal-|result-)/;

const prove = async (parts: ProverParts, claim: Claim, asked: () => Promise<Challenge>): Promise<Proof> => {
  const { host, identity } = parts;
  const { networkId, vmId, generation, bootId, kind, bootSpec } = identity;
  const { purpose, binding, suite } = claim;
  const challenge = await asked();
  if (challenge.networkId !== networkId || challenge.networkKind !== kind) {
    const observed = `${challenge.networkKind} network ${challenge.networkId}`;
    throw new Stop('network-other', `the challenge is of the ${observed}, wanted the ${kind} network ${networkId}`);
  }
  const nonce = Buffer.from(challenge.nonce, 'base64');
  const reportData = reportDataOf({ networkId, purpose, nonce, attesterId: vmId, generation, bootId, binding, suite });
  const { report, certificates } = await parts.provider.report(reportData);
  checkReport(report, { reportData, bootSpec });
  const evidence = JSON.stringify({
    ...{ version: 1, kind: 'guest', attesterId: vmId, purpose, nonce: challenge.nonce },
    ...{ nonceExpiresAt: challenge.expiresAt, bootSpec, agentVersion: parts.agentVersion, generation, bootId, suite },
    key: claim.key === null ? null : base64(claim.key),
    boot: claim.boot,
    snp: { report: base64(report), certificates },
  });
  // The chain under the report is the network's to judge, who signs what came of it: here its root would be the one that
  // came along, and a kernel's table is not read here at all.
  const appraisal = readAppraisal(await host.ask('evidence', { evidence }));
  demandAffirming(appraisal);
  return { result: appraisal.result, nonce: challenge.nonce };
};

const demandAffirming = ({ tier, refusals }: Appraisal): void => {
  if (tier === 'affirming') return;
  const words = bounded(refusals.map(({ code, title }) => `${code}: ${title}`).join('; '));
  // The answer to the first telling was lost on its way, and this is the one to the second.
  if (refusals.some(({ code }) => code.startsWith('nonce-'))) throw new NetworkRefused('nonce-used', words, 0);
  throw new Stop('appraisal-refused', `the network's verdict on this machine is ${tier}: ${words}`);
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
