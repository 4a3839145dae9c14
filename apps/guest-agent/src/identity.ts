import { z } from 'zod';
import { hostBootSpecText, hostDataOf, parseSnpReport, type ReportTerms, reportDataOf } from '#attestation';
import type { KernelLine } from './kernel-line.ts';
import type { ReportProvider } from './report/report-provider.ts';
import { Stop } from './stop.ts';

/** Who this machine is: what its boot spec says, once its own report was seen to bind that spec. */
export type Identity = {
  readonly bootSpec: string;
  readonly networkId: string;
  readonly attesterId: string;
  readonly bootId: string;
  /** Of this machine, by its own report: hex. */
  readonly launchDigest: string;
};

const spec = z.strictObject({
  version: z.literal(1),
  network: z.uuid(),
  kind: z.literal('hccam'),
  attesterId: z.uuid(),
  bootId: z.uuid(),
  image: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

/** Takes this machine's identity from a boot spec that hashes to HOST_DATA in its own report, and from nothing else.
 *  Stops with `boot-spec` when the text is no canonical spec or of another network, with `host-data` when the report binds another. */
export const takeIdentity = async (
  bootSpec: string,
  { networkId }: KernelLine,
  provider: ReportProvider,
  randomBytes: (count: number) => Uint8Array,
): Promise<Identity> => {
  const { network, attesterId, bootId } = parseSpec(bootSpec);
  if (network !== networkId) {
    throw new Stop(
      'boot-spec',
      `the boot spec is of network ${network}, wanted ${networkId} as on the kernel's command line`,
    );
  }
  const of = { networkId, purpose: 'host-evidence', attesterId, generation: 0, bootId } as const;
  const launchDigest = await launchDigestOf(bootSpec, of, provider, randomBytes);
  return { bootSpec, networkId, attesterId, bootId, launchDigest };
};

/** The launch digest of this machine, once a report of its own, over bytes that nobody knew before, was seen to bind this
 *  boot spec. Stops with `report-data` or `host-data`. */
export const launchDigestOf = async (
  bootSpec: string,
  of: Omit<ReportTerms, 'nonce' | 'binding'>,
  provider: ReportProvider,
  randomBytes: (count: number) => Uint8Array,
): Promise<string> => {
  const reportData = reportDataOf({ ...of, nonce: randomBytes(32), binding: randomBytes(32) });
  const { report } = await provider.report(reportData);
  return checkReport(report, { reportData, bootSpec }).launchDigest;
};

/** Looks at a report of this machine before it is passed on: it must answer what was asked, for the machine of this boot spec.
 *  Stops with `report-data` or `host-data`. */
export const checkReport = (
  report: Uint8Array,
  wanted: { readonly reportData: Uint8Array; readonly bootSpec: string },
): { readonly launchDigest: string } => {
  const { reportData, hostData, measurement } = parseSnpReport(report);
  demandEqual('report-data', reportData, wanted.reportData, 'the 64 bytes that were asked for');
  demandEqual('host-data', hostData, hostDataOf(wanted.bootSpec), 'the SHA-256 of the boot spec');
  return { launchDigest: hexOf(measurement) };
};

const demandEqual = (code: string, observed: Uint8Array, wanted: Uint8Array, what: string): void => {
  if (hexOf(observed) === hexOf(wanted)) return;
  throw new Stop(code, `this machine's own report has ${hexOf(observed)}, wanted ${what}, ${hexOf(wanted)}`);
};

const parseSpec = (text: string): z.infer<typeof spec> => {
  const read = spec.safeParse(parseJson(text));
  if (!read.success) throw new Stop('boot-spec', `the boot spec is none: ${z.prettifyError(read.error).slice(0, 300)}`);
  if (hostBootSpecText(read.data) !== text) throw new Stop('boot-spec', 'the boot spec is not in its canonical form');
  return read.data;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
