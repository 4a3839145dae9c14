import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { hostDataOf } from '#attestation';

/** What a simulated processor says of a guest that runs on it. */
export type Measured = {
  /** The chip: here, whose host it is in. */
  readonly chip: string;
  readonly hostData: string;
  readonly launchDigest: string;
  readonly reportData: string;
};

/** What a guest was started with: measured once, and nothing that it or its host says later changes it. */
export type Launch = { readonly bootSpec: string; readonly launchDigest: string };

/** Signs for the guest that was launched so on the chip of that host. */
export const reportOf = (chip: string, { bootSpec, launchDigest }: Launch, reportData: Uint8Array): Uint8Array =>
  sealed(secret, {
    ...{ chip, launchDigest, hostData: hexOf(hostDataOf(bootSpec)) },
    reportData: hexOf(reportData),
  });

/** The same by somebody who has no such processor. */
export const forgedReportOf = (chip: string, { bootSpec, launchDigest }: Launch, reportData: Uint8Array): Uint8Array =>
  sealed('a guess', {
    ...{ chip, launchDigest, hostData: hexOf(hostDataOf(bootSpec)) },
    reportData: hexOf(reportData),
  });

/** What a report says, if a simulated processor made it; `null` otherwise. */
export const readReport = (report: Uint8Array): Measured | null => {
  const [seal = '', text = ''] = Buffer.from(report).toString('utf8').split('\n');
  return seal === sealOf(secret, text) ? measured.parse(JSON.parse(text)) : null;
};

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Known to simulated processors and to whoever judges their reports; liars never read this. */
const secret = 'simulated silicon';

const measured = z.strictObject({
  ...{ chip: z.string(), hostData: z.string(), launchDigest: z.string(), reportData: z.string() },
});

const sealed = (by: string, said: Measured): Uint8Array => {
  const text = JSON.stringify(said);
  return Buffer.from(`${sealOf(by, text)}\n${text}`);
};

const sealOf = (by: string, text: string): string => createHmac('sha256', by).update(text).digest('hex');

/** How a guest key, a header or a nonce is named. */
export const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
