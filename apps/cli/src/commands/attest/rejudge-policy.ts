import {
  type CompiledAppraisalPolicy,
  compileAppraisalPolicy,
  type GuestBootPolicy,
  PolicyMalformed,
  readAppraisalPolicy,
  readGuestBootPolicy,
} from '#attestation';
import type { Cli } from '../../cli.ts';
import { usageError } from '../../cli-error.ts';
import { readEvidence } from './files.ts';

/** A policy to judge by in place of those of then: of hosts, or of owners' VMs. */
export type OtherPolicy =
  | { readonly host: CompiledAppraisalPolicy; readonly guest: null }
  | { readonly host: null; readonly guest: GuestBootPolicy };

/** Reads `--policy`, of either kind. Refuses what is neither, with what each misses. */
export const otherPolicyOf = async (cli: Cli, path: string): Promise<OtherPolicy> => {
  const file = await readEvidence(cli, '--policy', path);
  const document = jsonOf(Buffer.from(file).toString('utf8'));
  const isOfGuests = typeof document === 'object' && document !== null && 'boots' in document;
  try {
    return isOfGuests
      ? { host: null, guest: readGuestBootPolicy(document) }
      : { host: compileAppraisalPolicy(readAppraisalPolicy(document)), guest: null };
  } catch (error) {
    if (!(error instanceof PolicyMalformed)) throw error;
    const name = isOfGuests ? 'guest-boot' : 'host-attestation';
    throw usageError('policy-malformed', `--policy ${path} is no policy ${name}`, {
      observed: error.message,
      wanted: `what \`hcc policy show ${name}\` prints`,
    });
  }
};

/** `undefined` for what is no JSON, which is no policy either. */
const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
