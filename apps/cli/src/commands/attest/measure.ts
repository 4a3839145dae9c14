import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import {
  explainLaunchDigest,
  findLaunchDifferences,
  type LaunchDifference,
  type LaunchExplanation,
  type LaunchInputs,
  LaunchRefused,
  measureFirmware,
  measureRefusals,
  type Vmm,
  vcpuTypes,
  vmms,
} from '#attestation';
import type { Cli } from '../../cli.ts';
import { badAnswer, exitCodes, usageError } from '../../cli-error.ts';
import { bitsOption, countOption } from '../../input/amounts.ts';
import { answer } from '../../output/answer.ts';
import { table } from '../../output/table.ts';
import { examples, jsonOption, optionsOf } from '../verbs.ts';
import { evidenceChunks, hexOption, readEvidence } from './files.ts';

type MeasureFlags = {
  readonly firmware: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
  readonly vcpus: number;
  readonly vcpuType?: string;
  readonly vcpuSignature?: bigint;
  readonly features?: bigint;
  readonly vmm: Vmm;
  readonly explain?: boolean;
  readonly expect?: string;
};

/** `hcc attest measure`: the launch digest that follows from files, and in what a measured one differs from it. */
export const addMeasure = (attest: Command, cli: Cli): void => {
  attest
    .command('measure')
    .description('the launch digest of a VM that is started with these files')
    .requiredOption('--firmware <file>', 'OVMF built for SEV-SNP, as QEMU gets it by -bios')
    .option('--kernel <file>', 'as QEMU gets it by -kernel; the firmware must measure one')
    .option('--initrd <file>', 'as QEMU gets it by -initrd')
    .option('--cmdline <text>', 'as QEMU gets it by -append')
    .requiredOption(...countOption('--vcpus <n>', 'vCPUs the VM starts with', { min: 1, max: 9_999_999_999 }))
    .option('--vcpu-type <model>', `model of -cpu: ${vcpuTypes.join(', ')}`)
    .option(...bitsOption('--vcpu-signature <eax>', 'CPUID leaf 1 EAX, in place of a model', 32))
    .option(...bitsOption('--features <bits>', 'SEV_FEATURES of each vCPU (default: 0x1, SNP and nothing else)', 64))
    .option('--vmm <vmm>', `who starts it: ${vmms.join(', ')}`, vmmOf, 'qemu')
    .option('--explain', 'the digest after each part, to compare two launches')
    .option('--expect <hex>', 'a measured digest: exit code 1 and the input that differs, when it is another')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest measure --firmware OVMF.fd --vcpus 2 --vcpu-type EPYC-Milan',
        'hcc attest measure --firmware OVMF.fd --kernel vmlinuz --initrd initrd.img --cmdline "console=ttyS0" --vcpus 2 --vcpu-type EPYC-Genoa --explain',
        'hcc attest measure --firmware OVMF.fd --vcpus 2 --vcpu-type EPYC-v4 --expect 6d28...08fa',
      ),
    )
    .action(async (_options, command: Command) => {
      const flags = optionsOf<MeasureFlags>(command);
      const expected =
        flags.expect === undefined ? undefined : hexOption('--expect', flags.expect, [48]).toString('hex');
      const inputs = await inputsOf(cli, flags);
      const explanation = refusedByName(() =>
        explainLaunchDigest({ ...inputs, firmware: measureFirmware(inputs.firmware) }),
      );
      const matches = expected === undefined || expected === explanation.digest;
      const differences = expected === undefined || matches ? [] : findLaunchDifferences(inputs, expected);
      const { digest, kernelHashes, steps } = explanation;
      const compared = expected === undefined ? {} : { expected, matches, differences };
      const value = { ok: matches, digest, kernelHashes, ...compared, ...(flags.explain === true ? { steps } : {}) };
      answer(cli, flags.json, value, () => measureText(explanation, flags.explain === true, expected, differences));
      if (!matches) cli.exit.code = exitCodes.bad;
    });
};

const inputsOf = async (cli: Cli, flags: MeasureFlags): Promise<LaunchInputs & { readonly firmware: Uint8Array }> => ({
  firmware: await readEvidence(cli, '--firmware', flags.firmware),
  kernel: await hashed(cli, '--kernel', flags.kernel),
  initrd: await hashed(cli, '--initrd', flags.initrd),
  ...{ commandLine: flags.cmdline, vcpus: flags.vcpus, guestFeatures: flags.features ?? 1n, vmm: flags.vmm },
  vcpuType: flags.vcpuType,
  vcpuSignature: flags.vcpuSignature === undefined ? undefined : Number(flags.vcpuSignature),
});

const hashed = async (cli: Cli, option: string, path: string | undefined): Promise<LaunchInputs['kernel']> => {
  if (path === undefined) return undefined;
  const sha256 = createHash('sha256');
  for await (const chunk of evidenceChunks(cli, option, path)) sha256.update(chunk);
  return { sha256: sha256.digest('hex') };
};

const refusedByName = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LaunchRefused)) throw error;
    const { title, fix, doesNotProve } = measureRefusals[error.code];
    const { observed, wanted } = error;
    throw badAnswer(error.code, title, { observed, wanted, fix, data: { doesNotProve } });
  }
};

const measureText = (
  { digest, steps }: LaunchExplanation,
  explained: boolean,
  expected: string | undefined,
  differences: readonly LaunchDifference[],
): string => {
  const rows = steps.map((step) => [
    step.section,
    `0x${step.gpa.toString(16)}`,
    `${step.pages}`,
    step.digest,
    step.from,
  ]);
  const parts = explained ? `${table(['PART', 'ADDRESS', 'PAGES', 'DIGEST AFTER IT', 'FROM'], rows)}\n` : '';
  if (expected === undefined || expected === digest) {
    return `${parts}${digest}\n${expected === undefined ? '' : 'this is the measured digest\n'}`;
  }
  const found = differences.map(
    ({ input, observed, wanted }) => `  with ${input} ${observed} in place of ${wanted} it would be the measured one\n`,
  );
  const none = '  no single change of vCPUs, model, features, VMM or command line explains it: compare the files\n';
  return `${parts}${digest}\nthe measured digest is another: ${expected}\n${found.join('') || none}`;
};

const vmmOf = (text: string): Vmm => {
  const found = vmms.find((vmm) => vmm === text);
  if (found !== undefined) return found;
  throw usageError('vmm-unknown', `"${text}" is no VMM whose launches are known`, { wanted: vmms.join(', ') });
};
