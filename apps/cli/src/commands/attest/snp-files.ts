import {
  certificatesOf,
  Malformed,
  parseCertificateTable,
  readVek,
  type SnpEvidence,
  type SnpProduct,
  unwrapHclReport,
} from '#attestation';
import type { Cli } from '../../cli.ts';
import { usageError } from '../../cli-error.ts';
import { readEvidence } from './files.ts';
import { parsed } from './report.ts';

export type SnpFileFlags = {
  readonly report: string;
  readonly vek?: string;
  readonly chain?: string;
  readonly certs?: string;
  readonly crl?: string;
};

export type SnpFiles = SnpEvidence & {
  /** What the VEK certificate calls its processor, not yet trusted; null where it cannot be read. */
  readonly product: SnpProduct | null;
};

/** A report and its certificates out of their files. What is named by an option wins over what the table has. */
export const readSnpFiles = async (cli: Cli, flags: SnpFileFlags): Promise<SnpFiles> => {
  const given = await readEvidence(cli, '--report', flags.report);
  const table = flags.certs === undefined ? null : await tableOf(cli, flags.certs);
  const report = isHcl(given) ? parsed(`--report ${flags.report}`, () => unwrapHclReport(given).report) : given;
  const own = flags.vek === undefined ? [] : await certificates(cli, '--vek', flags.vek);
  const vek = own[0] ?? table?.vcek ?? table?.vlek;
  if (vek === undefined || vek === null) {
    throw usageError('vek-missing', 'nothing vouches for the report', {
      observed:
        flags.certs === undefined ? 'neither --vek nor --certs' : `--certs ${flags.certs} without a VCEK or VLEK`,
      wanted: '--vek FILE: the certificate of the key that signed it',
      fix: "take it from the host's certificate table, or from AMD's key server by chip and TCB (hcc attest show REPORT)",
    });
  }
  const chain = flags.chain === undefined ? [] : await certificates(cli, '--chain', flags.chain);
  const beside = [table?.ask, table?.ark].flatMap((one) => (one === undefined || one === null ? [] : [one]));
  const crl = flags.crl === undefined ? (table?.crl ?? null) : await readEvidence(cli, '--crl', flags.crl);
  return {
    report,
    vek,
    chain: [...own.slice(1), ...(chain.length > 0 ? chain : beside)],
    crl,
    product: productOf(vek),
  };
};

const tableOf = async (cli: Cli, path: string) => {
  const file = await readEvidence(cli, '--certs', path);
  return parsed(`--certs ${path}`, () => parseCertificateTable(file));
};

const certificates = async (cli: Cli, option: string, path: string): Promise<readonly Uint8Array[]> => {
  const file = await readEvidence(cli, option, path);
  return parsed(`${option} ${path}`, () => certificatesOf(file));
};

const productOf = (vek: Uint8Array): SnpProduct | null => {
  try {
    return readVek(vek).product;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};

/** An Azure HCL report says so in its first four bytes. */
export const isHcl = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'HCLA';
