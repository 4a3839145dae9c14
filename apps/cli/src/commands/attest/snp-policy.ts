import { z } from 'zod';
import { type SnpPolicy, snpPolicySchema } from '#attestation';
import { usageError } from '../../cli-error.ts';

/** Asks nothing: for looking at a report, never for relying on one. */
export const uncheckedSnpPolicy: SnpPolicy = {
  version: 1,
  ...{ simulatedRoot: 'unchecked', revocationList: 'unchecked', reportVersionMin: 'unchecked' },
  ...{ vekKinds: 'unchecked', maskedChip: 'unchecked', aliasCheck: 'unchecked', firmwareMin: 'unchecked' },
  reportedTcb: { milan: 'unchecked', genoa: 'unchecked', turin: 'unchecked' },
  launchTcb: { milan: 'unchecked', genoa: 'unchecked', turin: 'unchecked' },
  ...{ provisionalFirmware: 'unchecked', debug: 'unchecked', migrateMa: 'unchecked', migrationAgent: 'unchecked' },
  ...{ vmplMax: 'unchecked', abiMin: 'unchecked', smt: 'unchecked', cxl: 'unchecked', singleSocket: 'unchecked' },
  ...{ memAes256Xts: 'unchecked', raplDis: 'unchecked', ciphertextHidingDram: 'unchecked' },
  ...{ pageSwapDisable: 'unchecked', ecc: 'unchecked', guestSvnMin: 'unchecked', familyIds: 'unchecked' },
  ...{ imageIds: 'unchecked', idKeyDigests: 'unchecked', authorKeyDigests: 'unchecked', mitigations: 'unchecked' },
};

/** A policy out of a file of JSON. Names each field that is missing, unknown or of another form. */
export const policyFile = (name: string, file: Uint8Array): SnpPolicy => readPolicy(name, file, snpPolicySchema);

/** A document of JSON by its schema; every fault is named by its field. */
export const readPolicy = <T>(name: string, file: Uint8Array, schema: z.ZodType<T>): T => {
  const parsed = schema.safeParse(jsonOf(name, file));
  if (parsed.success) return parsed.data;
  throw usageError('policy-malformed', `--policy ${name} is no policy`, {
    wanted: 'every field, "unchecked" where nothing is asked',
    more: z.prettifyError(parsed.error).split('\n').slice(0, 20),
  });
};

const jsonOf = (name: string, file: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(file).toString('utf8'));
  } catch (error) {
    throw usageError('policy-malformed', `--policy ${name} is no JSON`, {
      observed: error instanceof Error ? error.message : String(error),
      wanted: 'a policy document, or "default", "simulated" or "unchecked"',
    });
  }
};
