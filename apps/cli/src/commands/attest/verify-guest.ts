import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import {
  type Check,
  type ExpectedBoot,
  evidenceGroups,
  type GuestBootPolicy,
  type GuestEvidence,
  hintsOf,
  judgeGuestEvidence,
  parseGuestBootSpec,
  parseGuestEvidence,
  parseSnpReport,
  readVek,
} from '#attestation';
import { isoTime } from '#events';
import type { Cli } from '../../cli.ts';
import { badAnswer, usageError } from '../../cli-error.ts';
import { timeOption } from '../../input/moments.ts';
import { examples, jsonOption, optionsOf } from '../verbs.ts';
import { ownFields } from './evidence-document.ts';
import { hexOption, readEvidence } from './files.ts';
import { otherPolicyOf } from './rejudge-policy.ts';
import { answerReport, parsed } from './report.ts';
import { rootsOf } from './verify-snp.ts';

type GuestFlags = {
  readonly evidence: string;
  readonly policy: string;
  readonly root?: string;
  readonly crl?: string;
  readonly at?: string;
  readonly expectMeasurement?: string;
  readonly expectNonce?: string;
};

/** `hcc attest verify guest`: whether the evidence of an owner's VM holds, offline. */
export const addVerifyGuest = (verify: Command, cli: Cli): void => {
  verify
    .command('guest')
    .description("whether the evidence of an owner's VM is genuine, and satisfies a policy guest-boot")
    .requiredOption('--evidence <file>', 'the evidence as the VM sent it')
    .requiredOption('--policy <file>', 'the policy guest-boot (hcc policy show guest-boot)')
    .option('--crl <file>', "the root's revocation list, DER")
    .option('--root <file>', 'trust this root in place of AMD: SIMULATED in all that is said')
    .option(...timeOption(cli, '--at <time>', 'verify as of this time, with its zone (default: now)'))
    .option('--expect-measurement <hex>', 'a launch digest it may have (its VmBootSpecified event has them)')
    .option('--expect-nonce <hex>', 'the nonce it was given')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest verify guest --evidence guest.json --policy guest-boot.json --crl crl.der',
        'hcc attest verify guest --evidence guest.json --policy guest-boot.json --root simulated.der --crl crl.der --json',
      ),
    )
    .action((_options, command: Command) =>
      verifyGuest(cli, optionsOf<GuestFlags & { readonly json?: boolean }>(command)),
    );
};

const verifyGuest = async (cli: Cli, flags: GuestFlags & { readonly json?: boolean }): Promise<void> => {
  const policy = await guestPolicyOf(cli, flags.policy);
  const document = await readEvidence(cli, '--evidence', flags.evidence);
  const evidence = evidenceIn(flags.evidence, document);
  const { network, expected } = takenFromIt(evidence, flags);
  const atMs = flags.at === undefined ? cli.clock.now() : Date.parse(flags.at);
  const hints = hintsOf(evidence);
  const vek = hints?.offered.vek ?? null;
  const product = vek === null ? null : parsed('the VEK in the evidence', () => readVek(vek).product);
  const crl = flags.crl === undefined ? null : await readEvidence(cli, '--crl', flags.crl);
  const nonce = flags.expectNonce === undefined ? evidence.nonce : hexOption('--expect-nonce', flags.expectNonce);
  const { appraisal } = judgeGuestEvidence(
    { document, evidence },
    {
      network: { id: network, kind: flags.root === undefined ? 'production' : 'simulated' },
      ...{ expected, nonceSha256: sha256(nonce), atMs, endorsements: null },
      chip: hints?.chipIdHex == null ? null : { deviceId: hints.chipIdHex, heldBy: expected.minerId },
      roots: await rootsOf(cli, flags, { product }),
      revocationLists: crl === null || product === null ? {} : { [product]: crl },
    },
    policy,
  );
  const assumed = assumedWithout(flags);
  const checks = evidenceGroups.flatMap((group) => appraisal.checks[group]).map((one) => leftOpen(one, assumed));
  answerReport(cli, flags.json, {
    what: `evidence of VM ${evidence.attesterId} for ${evidence.purpose}, as of ${isoTime(atMs)}`,
    checks,
    claims: checks.some(({ outcome }) => outcome === 'failed') ? null : appraisal.claims,
    shown: ownFields(evidence),
    notes: [
      ...(flags.root === undefined ? [] : ['SIMULATED: the root is yours, not AMD; nothing here is confidential']),
      'whether this boot was asked for, and on this chip, only the log says: hcc attest rejudge --vm, hcc passport verify',
    ],
  });
};

/** What the log would say, taken from the evidence itself: that it holds together is seen, that it was asked for is not. */
const takenFromIt = (evidence: GuestEvidence, { expectMeasurement }: GuestFlags) => {
  const { attesterId: vmId, bootSpec, generation, bootId, snp } = evidence;
  const spec = parsed('the boot spec in the evidence', () => parseGuestBootSpec(bootSpec));
  const own = parsed('the report in the evidence', () => hex(parseSnpReport(snp.report).measurement));
  const measurement =
    expectMeasurement === undefined ? own : hex(hexOption('--expect-measurement', expectMeasurement, [48]));
  const expected: ExpectedBoot = {
    ...{ vmId, minerId: 'not looked up', generation, bootId, bootSpec },
    ...{ bootDigest: 'not looked up', launchDigests: [measurement] },
  };
  return { network: spec.network, expected };
};

/** Checks that were made against what the evidence says itself. */
const assumedWithout = ({ expectMeasurement, expectNonce }: GuestFlags): ReadonlySet<string> =>
  new Set([
    ...['identity-attester', 'guest-boot-other', 'guest-boot-spec', 'guest-boot-reference', 'guest-chip-other-miner'],
    ...(expectMeasurement === undefined ? ['snp-measurement'] : []),
    ...(expectNonce === undefined ? ['identity-nonce'] : []),
  ]);

const leftOpen = (one: Check, assumed: ReadonlySet<string>): Check =>
  assumed.has(one.code) ? { ...one, outcome: 'unchecked' } : one;

const guestPolicyOf = async (cli: Cli, path: string): Promise<GuestBootPolicy> => {
  const { guest } = await otherPolicyOf(cli, path);
  if (guest !== null) return guest;
  throw usageError('policy-malformed', `--policy ${path} is a policy host-attestation`, {
    wanted: 'a policy guest-boot: hcc policy show guest-boot',
  });
};

const evidenceIn = (path: string, document: Uint8Array): GuestEvidence => {
  const read = parseGuestEvidence(document);
  if ('value' in read) return read.value;
  const { observed, wanted } = read.refusal;
  throw badAnswer('evidence-malformed', `--evidence ${path} is no evidence of a VM`, {
    ...{ observed, wanted },
    fix: 'give the file that this option is for; hcc attest show FILE says what one is',
  });
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
