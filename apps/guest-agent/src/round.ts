import { createHash } from 'node:crypto';
import { hostEvidenceBinding, reportDataOf, tpmQualifyingData } from '#attestation';
import { type GuestEvidence, type HostMessage, quotedPcrs } from '#guest-channel';
import { checkChain } from './checks/chain.ts';
import { createMeasurementList } from './checks/measurement-list.ts';
import { checkQuote } from './checks/quote.ts';
import type { Host } from './host.ts';
import { checkReport, type Identity } from './identity.ts';
import type { KernelLine } from './kernel-line.ts';
import { listParts } from './list-parts.ts';
import type { ReportProvider } from './report/report-provider.ts';
import { Stop } from './stop.ts';

export type Attest = Extract<HostMessage, { readonly type: 'attest' }>;

export type RoundParts = {
  readonly host: Host;
  readonly identity: Identity;
  readonly provider: ReportProvider;
  readonly kind: KernelLine['kind'];
  readonly now: () => number;
};

/** Rounds of attestation. Each asks the host for a quote over the verifier's nonce and for its measurement list, holds them
 *  against each other and against the miner's own files, binds them into a report of this machine, and gives that back.
 *  Between rounds only where the list stood is remembered, so that not all of it is read again. */
export const createRounds = (parts: RoundParts): ((attest: Attest) => Promise<GuestEvidence>) => {
  const list = createMeasurementList();
  return async (attest) => {
    const { host, identity } = parts;
    const { exchange, imaFrom, bundle, agentVersion } = attest;
    if (attest.launchDigest !== null && attest.launchDigest !== identity.launchDigest) {
      throw new Stop(
        'launch-digest',
        `this machine is ${identity.launchDigest}, and its verifier wants ${attest.launchDigest}`,
      );
    }
    const { networkId, attesterId, bootId, bootSpec } = identity;
    const nonce = Buffer.from(attest.nonce, 'base64');
    const qualifyingData = tpmQualifyingData({ networkId, attesterId, nonce });
    const asked = { qualifyingData: base64(qualifyingData), bank: 'sha256', pcrs: quotedPcrs } as const;
    await host.say({ type: 'need-quote', exchange, ...asked });
    const { quote } = await host.expect('quote', exchange);
    const good = checkQuote(quote, qualifyingData);
    await list.check(good.pcrs, bundle, (from) => listParts(host, exchange, from));
    const sent = await hashOf(listParts(host, exchange, imaFrom));
    const { attest: quoted, signature, akName } = good;
    const binding = hostEvidenceBinding({ attest: quoted, signature, imaSha256: sent.digest, akName, agentVersion });
    const reportData = reportDataOf({
      ...{ networkId, purpose: 'host-evidence', nonce, attesterId, generation: 0, bootId, binding },
    });
    const { report, certificates } = await parts.provider.report(reportData);
    checkReport(report, { reportData, bootSpec });
    checkChain(report, certificates, { kind: parts.kind, atMs: parts.now() });
    const ima = { from: imaFrom, sha256: sent.digest.toString('hex'), bytes: sent.bytes };
    return { agentVersion, bootSpec, report: base64(report), certificates, ima };
  };
};

/** What the report binds of the list: the very bytes from the entry that the verifier wants. */
const hashOf = async (
  parts: AsyncIterable<Uint8Array>,
): Promise<{ readonly digest: Buffer; readonly bytes: number }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of parts) {
    hash.update(part);
    bytes += part.length;
  }
  return { digest: hash.digest(), bytes };
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
