import { z } from 'zod';
import {
  type LaunchInputs,
  LaunchRefused,
  Malformed,
  measureFirmware,
  parseIdAuth,
  parseIdBlock,
  predictLaunchDigest,
  verifyIdBlock,
  vmms,
} from '#attestation';
import { type Judge, type Judged, readCaseFile } from './case.ts';

const hex = z.string().regex(/^(0x)?[\da-f]+$/i);

const launchRow = z.looseObject({
  ovmf: z.string(),
  vcpus: z.number(),
  vcpu_type: z.string().nullish(),
  vcpu_sig: hex.nullish(),
  guest_features: hex,
  kernel: z.string().nullish(),
  initrd: z.string().nullish(),
  cmdline: z.string().nullish(),
  vmm: z.enum(vmms),
  ovmf_hash: hex.nullish(),
});

const idBlockRow = z.looseObject({
  id_block: z.string(),
  id_auth: z.string(),
  launch_digest: hex.nullish(),
  family_id: hex.nullish(),
  image_id: hex.nullish(),
  guest_svn: z.number().nullish(),
  policy: hex.nullish(),
});

/** Measure: the launch digest, `error` where none follows from the inputs, or what an ID block says and who signed it. */
export const judgeMeasure: Judge = (dir, row) =>
  z.looseObject({ id_block: z.unknown() }).safeParse(row).data?.id_block === undefined
    ? judgeLaunch(dir, launchRow.parse(row))
    : judgeIdBlock(dir, idBlockRow.parse(row));

const judgeLaunch = async (dir: string, row: z.infer<typeof launchRow>): Promise<Judged> => {
  const fileOf = async (name: string): Promise<Uint8Array> =>
    name === '(empty file)' ? new Uint8Array() : readCaseFile(dir, name);
  const image = await fileOf(row.ovmf);
  const [kernel, initrd] = await Promise.all([row.kernel, row.initrd].map((name) => (name ? fileOf(name) : undefined)));
  try {
    const firmware = measureFirmware(image);
    const known = row.ovmf_hash ?? undefined;
    const inputs: LaunchInputs = {
      firmware: known === undefined ? firmware : { ...firmware, launchDigest: known.toLowerCase() },
      ...{ kernel, initrd, commandLine: row.cmdline ?? undefined, vcpus: row.vcpus, vmm: row.vmm },
      vcpuType: row.vcpu_type ?? undefined,
      ...(row.vcpu_sig && !row.vcpu_type ? { vcpuSignature: Number(prefixed(row.vcpu_sig)) } : {}),
      guestFeatures: BigInt(prefixed(row.guest_features)),
    };
    const digest = predictLaunchDigest(inputs);
    return {
      got: digest,
      reason: `${firmware.layout.sections.length} sections, ${row.vcpus} vCPUs`,
      ...cpuDiffers(row, inputs, digest),
    };
  } catch (error) {
    if (error instanceof LaunchRefused) return { got: 'error', reason: `${error.code}: ${error.message}` };
    throw error;
  }
};

/** A row that names a model and a signature means one processor. */
const cpuDiffers = (
  { vcpu_type: type, vcpu_sig: signature }: z.infer<typeof launchRow>,
  inputs: LaunchInputs,
  digest: string,
): Pick<Judged, 'disagreements'> => {
  if (!type || !signature) return {};
  const vcpuSignature = Number(prefixed(signature));
  if (predictLaunchDigest({ ...inputs, vcpuSignature }) === digest) return {};
  return { disagreements: [`vcpu_sig ${signature} is not the signature of ${type}`] };
};

const judgeIdBlock = async (dir: string, row: z.infer<typeof idBlockRow>): Promise<Judged> => {
  const [blockBytes, authBytes] = [await readCaseFile(dir, row.id_block), await readCaseFile(dir, row.id_auth)];
  const verified = verifyIdBlock(blockBytes, authBytes);
  const reason = verified.checks.map(({ code, outcome, observed }) => `${code} ${outcome}: ${observed}`).join('; ');
  try {
    const [block, auth] = [parseIdBlock(blockBytes), parseIdAuth(authBytes)];
    const passed = (code: string): boolean =>
      verified.checks.some((check) => check.code === code && check.outcome === 'passed');
    const got = {
      ...{ id_key_digest: auth.idKeyDigest, author_key_digest: auth.authorKeyDigest },
      id_block_signature: passed('measure-id-block-signature'),
      id_key_signature: passed('measure-id-key-signature'),
    };
    const said: readonly (readonly [string, unknown, unknown])[] = [
      ['launch_digest', row.launch_digest, block.launchDigest],
      ['family_id', row.family_id, block.familyId],
      ['image_id', row.image_id, block.imageId],
      ['guest_svn', row.guest_svn, block.guestSvn],
      ['policy', row.policy, `0x${block.policy.toString(16)}`],
    ];
    // The row of a tampered block states what was there before: facts are those of bytes that verified.
    const disagreements = said
      .filter(() => verified.ok)
      .filter(([, stated, found]) => stated !== undefined && stated !== null && folded(stated) !== found)
      .map(([name, stated, found]) => `${name} is ${found}, the row says ${stated}`);
    return { got: JSON.stringify(got), reason, disagreements };
  } catch (error) {
    if (error instanceof Malformed) return { got: 'error', reason };
    throw error;
  }
};

/** Hexadecimal is lower case here. */
const folded = (stated: unknown): unknown => (typeof stated === 'string' ? stated.toLowerCase() : stated);

const prefixed = (text: string): string => (/^0x/i.test(text) ? text : `0x${text}`);
