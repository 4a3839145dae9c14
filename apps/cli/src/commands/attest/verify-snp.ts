import type { Command } from 'commander';
import {
  amdRoots,
  type Check,
  certificatesOf,
  defaultSnpPolicy,
  type SnpClaims,
  type SnpPolicy,
  type SnpReferences,
  sayTcb,
  simulatedSnpPolicy,
  snpPolicyChecks,
  type TrustRoots,
  trustRootOf,
  type Verified,
  verifySnp,
} from '#attestation';
import { isoTime } from '#events';
import type { Cli } from '../../cli.ts';
import { usageError } from '../../cli-error.ts';
import { timeOption } from '../../input/moments.ts';
import { examples, jsonOption, optionsOf } from '../verbs.ts';
import { hexOption, readEvidence } from './files.ts';
import { answerReport, parsed } from './report.ts';
import { readSnpFiles, type SnpFileFlags, type SnpFiles } from './snp-files.ts';
import { policyFile, uncheckedSnpPolicy } from './snp-policy.ts';

type SnpFlags = SnpFileFlags & {
  readonly root?: string;
  readonly at?: string;
  readonly policy?: string;
  readonly expectMeasurement?: string;
  readonly expectHostData?: string;
  readonly expectReportData?: string;
};

/** `hcc attest verify snp`: whether a report is of a genuine processor, and says what a policy wants. */
export const addVerifySnp = (verify: Command, cli: Cli): void => {
  verify
    .command('snp')
    .description('whether an SEV-SNP report is genuine, and satisfies a policy')
    .requiredOption('--report <file>', 'the 1184 bytes, or an Azure HCL report around them')
    .option('--vek <file>', 'VCEK or VLEK certificate, DER or PEM')
    .option('--chain <file>', 'ASK or ASVK, and ARK: PEM, or one in DER')
    .option('--certs <file>', 'certificate table of an extended report, in place of --vek and --chain')
    .option('--crl <file>', "the root's revocation list, DER")
    .option('--root <file>', 'trust this root in place of AMD: SIMULATED in all that is said')
    .option(...timeOption(cli, '--at <time>', 'verify as of this time, with its zone (default: now)'))
    .option('--policy <file>', 'a policy document, "default", "simulated", or "unchecked"')
    .option('--expect-measurement <hex>', 'the launch digest it must have (hcc attest measure)')
    .option('--expect-host-data <hex>', 'the HOST_DATA it must have')
    .option('--expect-report-data <hex>', 'the REPORT_DATA it must have')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest verify snp --report report.bin --vek vcek.der --chain chain.pem --crl crl.der',
        'hcc attest verify snp --report report.bin --certs table.bin --policy unchecked --expect-measurement 6d28...08fa',
        'hcc attest verify snp --report report.bin --vek vcek.der --chain ask.der --root simulated.der --json',
      ),
    )
    .action(async (_options, command: Command) => {
      const flags = optionsOf<SnpFlags>(command);
      const references = referencesOf(flags);
      const policy = await policyOf(cli, flags);
      const atMs = flags.at === undefined ? cli.clock.now() : Date.parse(flags.at);
      const files = await readSnpFiles(cli, flags);
      const roots = await rootsOf(cli, flags, files);
      const verified = verifySnp(files, { roots, atMs });
      const claims = verified.ok ? verified.claims : null;
      answerReport(cli, flags.json, {
        what: `SEV-SNP report, as of ${isoTime(atMs)}`,
        checks: [...verified.checks, ...checksOfPolicy(verified, policy, references)],
        claims,
        shown: claims === null ? [] : snpFacts(claims),
        notes: [
          ...(flags.root === undefined ? [] : ['SIMULATED: the root is yours, not AMD; nothing here is confidential']),
          ...(policy === uncheckedSnpPolicy ? ['--policy unchecked: a guest that can be debugged would pass'] : []),
        ],
      });
    });
};

const checksOfPolicy = (
  verified: Verified<SnpClaims>,
  policy: SnpPolicy,
  references: SnpReferences,
): readonly Check[] => (verified.ok ? snpPolicyChecks(verified.claims, policy, references) : []);

const referencesOf = (flags: SnpFlags): SnpReferences => {
  const hex = (option: string, text: string | undefined, bytes: number): string | undefined =>
    text === undefined ? undefined : hexOption(option, text, [bytes]).toString('hex');
  const measurement = hex('--expect-measurement', flags.expectMeasurement, 48);
  return {
    measurementsHex: measurement === undefined ? 'unchecked' : [measurement],
    hostDataHex: hex('--expect-host-data', flags.expectHostData, 32) ?? 'unchecked',
    reportDataHex: hex('--expect-report-data', flags.expectReportData, 64) ?? 'unchecked',
  };
};

/** What nobody names is the strict one: whoever wants less says so. */
const policyOf = async (cli: Cli, { policy, root }: SnpFlags): Promise<SnpPolicy> => {
  if (policy === undefined) return root === undefined ? defaultSnpPolicy : simulatedSnpPolicy;
  if (policy === 'default') return defaultSnpPolicy;
  if (policy === 'simulated') return simulatedSnpPolicy;
  if (policy === 'unchecked') return uncheckedSnpPolicy;
  return policyFile(policy, await readEvidence(cli, '--policy', policy));
};

/** AMD's roots, or a root of one's own: it speaks for the product of the certificate it vouches for. */
export const rootsOf = async (
  cli: Cli,
  { root }: { readonly root?: string },
  { product }: Pick<SnpFiles, 'product'>,
): Promise<TrustRoots> => {
  if (root === undefined) return amdRoots;
  const file = await readEvidence(cli, '--root', root);
  return parsed(`--root ${root}`, () => {
    const [certificate] = certificatesOf(file);
    if (certificate === undefined) throw usageError('root-empty', `--root ${root} holds no certificate`);
    return [trustRootOf(certificate, { name: `SIMULATED (${root})`, product: product ?? 'milan', simulated: true })];
  });
};

const snpFacts = (claims: SnpClaims): readonly (readonly [string, string])[] => [
  ['processor', `${claims.product}, report version ${claims.reportVersion}`],
  ['chip', `${claims.chipIdHex ?? 'not named'}${claims.chipIdBound ? '' : ' (not bound to the certificate)'}`],
  ['signed by', `${claims.vekKind.toUpperCase()} ${claims.vekSha256}, under ${claims.rootName}`],
  ['measurement', claims.measurementHex],
  ['host data', claims.hostDataHex],
  ['report data', claims.reportDataHex],
  ['guest policy', `${claims.policy.raw}, VMPL ${claims.vmpl}, SVN ${claims.guestSvn}`],
  ['platform', claims.platformInfo.raw],
  ['firmware', Object.values(claims.firmware.current).join('.')],
  ['reported TCB', sayTcb(claims.tcb.reported)],
  ['launch TCB', sayTcb(claims.tcb.launch)],
  ['ID key', claims.idKeyDigestHex],
  ['revocation list', claims.revocation],
];
