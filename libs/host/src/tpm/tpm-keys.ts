import { X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, isHostError } from '../errors.ts';
import { tpmLimits } from './limits.ts';
import type { TpmCommands, TpmTurn } from './tpm-commands.ts';

export type TpmKeyKind = 'rsa' | 'ecc';

export type HostTpmEk = {
  readonly kind: TpmKeyKind;
  /** TPM2B_PUBLIC. */
  readonly publicArea: Uint8Array;
  /** DER, where the maker left one for this key. */
  readonly certificate: Uint8Array | null;
};

export type HostTpmAk = {
  readonly kind: TpmKeyKind;
  /** TPM2B_PUBLIC. */
  readonly publicArea: Uint8Array;
  /** Hex. */
  readonly name: string;
};

export type KeptAk = HostTpmAk & { readonly handle: string };

/** The endorsement key of the TCG's default template: RSA 2048 or P-256. The same for as long as the TPM is the same. */
export async function endorsementKey(commands: TpmCommands, kind: TpmKeyKind): Promise<HostTpmEk> {
  return commands.turn(async (turn) => {
    await turn.tpm2('createek', '-G', kind, '-c', 'ek.ctx', '-u', 'ek.pub');
    await turn.flush();
    return { kind, publicArea: await turn.read('ek.pub'), certificate: await certificateOf(turn, kind) };
  });
}

/** DER of the authorities that the maker left above the endorsement keys' certificates: one after the other, over as many
 *  areas as they need. Source: TCG EK Credential Profile, which keeps the handles 0x01c00100 to 0x01c001ff for them. */
export async function endorsementIssuers(commands: TpmCommands): Promise<readonly Uint8Array[]> {
  return commands.turn(async (turn) => {
    const listed = await turn.tpm2('getcap', 'handles-nv-index');
    const areas = [...listed.matchAll(/0x0?1c001[\da-f]{2}\b/gi)].map(([handle]) => handle).sort();
    const parts: Uint8Array[] = [];
    for (const area of areas.slice(0, tpmLimits.issuerAreasMax)) {
      await turn.tpm2('nvread', area, '-C', 'o', '-o', 'issuers');
      parts.push(await turn.read('issuers'));
    }
    return certificatesIn(Buffer.concat(parts));
  });
}

/** The attestation key of this installation: restricted, for signing only, kept in the TPM under a handle that `dir` remembers.
 *  Made when there is none, or when the TPM no longer has it (it was cleared, or is another one). */
export async function attestationKey(commands: TpmCommands, dir: string, kind: TpmKeyKind): Promise<KeptAk> {
  const file = join(dir, `ak-${kind}.json`);
  const kept = await remembered(file);
  return commands.turn(async (turn) => {
    const found = kept === undefined ? undefined : await findKept(turn, kind, kept);
    if (found !== undefined) return found;
    const made = await makeAk(turn, kind);
    await writeFile(`${file}.new`, `${JSON.stringify({ handle: made.handle, name: made.name })}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return made;
  });
}

/** What a credential holds, which the TPM gives out only to the endorsement key and the attestation key it was made for. */
export async function activateCredential(
  commands: TpmCommands,
  ak: KeptAk,
  ekKind: TpmKeyKind,
  credential: Uint8Array,
): Promise<Uint8Array> {
  if (credential.length > tpmLimits.credentialBytesMax) {
    const message = `a credential of ${credential.length} bytes, wanted at most ${tpmLimits.credentialBytesMax}`;
    throw new HostError('tpm-refused', message, { bytes: credential.length });
  }
  return commands.turn(async (turn) => {
    await writeFile(turn.path('credential'), credential, { mode: 0o600 });
    await turn.tpm2('createek', '-G', ekKind, '-c', 'ek.ctx', '-u', 'ek.pub');
    await turn.flush();
    await turn.tpm2('startauthsession', '--policy-session', '-S', 'session.ctx');
    try {
      await turn.tpm2('policysecret', '-S', 'session.ctx', '-c', 'e');
      const keys = ['-c', ak.handle, '-C', 'ek.ctx', '-P', 'session:session.ctx'];
      await turn.tpm2('activatecredential', ...keys, '-i', 'credential', '-o', 'secret');
    } finally {
      await turn.tpm2('flushcontext', 'session.ctx').catch(() => undefined);
    }
    return turn.read('secret');
  });
}

async function makeAk(turn: TpmTurn, kind: TpmKeyKind): Promise<KeptAk> {
  const handle = freeHandle(await turn.tpm2('getcap', 'handles-persistent'));
  const scheme = kind === 'rsa' ? 'rsassa' : 'ecdsa';
  await turn.tpm2('createek', '-G', 'ecc', '-c', 'ek.ctx', '-u', 'ek.pub');
  await turn.flush();
  const form = ['-G', kind, '-g', 'sha256', '-s', scheme];
  await turn.tpm2('createak', '-C', 'ek.ctx', '-c', 'ak.ctx', ...form, '-u', 'made.pub', '-n', 'made.name');
  await turn.flush();
  await turn.tpm2('evictcontrol', '-C', 'o', '-c', 'ak.ctx', handle);
  await turn.flush();
  return readAk(turn, kind, handle);
}

async function readAk(turn: TpmTurn, kind: TpmKeyKind, handle: string): Promise<KeptAk> {
  await turn.tpm2('readpublic', '-c', handle, '-o', 'ak.pub', '-f', 'tss', '-n', 'ak.name');
  const name = Buffer.from(await turn.read('ak.name')).toString('hex');
  return { kind, handle, name, publicArea: await turn.read('ak.pub') };
}

async function findKept(turn: TpmTurn, kind: TpmKeyKind, kept: Remembered): Promise<KeptAk | undefined> {
  try {
    const found = await readAk(turn, kind, kept.handle);
    return found.name === kept.name ? found : undefined;
  } catch (error) {
    if (isHostError(error, 'tpm-refused')) return undefined;
    throw error;
  }
}

type Remembered = { readonly handle: string; readonly name: string };

async function remembered(file: string): Promise<Remembered | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const handle = /"handle":"(0x[\da-f]{8})"/.exec(text)?.[1];
  const name = /"name":"([\da-f]+)"/.exec(text)?.[1];
  return handle === undefined || name === undefined ? undefined : { handle, name };
}

function freeHandle(listed: string): string {
  const taken = new Set([...listed.matchAll(/0x[\da-f]+/gi)].map(([text]) => Number(text)));
  for (let handle: number = tpmLimits.firstHandle; handle <= tpmLimits.lastHandle; handle += 1) {
    if (!taken.has(handle)) return `0x${handle.toString(16)}`;
  }
  const count = tpmLimits.lastHandle - tpmLimits.firstHandle + 1;
  throw new HostError('tpm-refused', `all ${count} handles for attestation keys are taken: evict the unused ones`, {});
}

/** Makers fill the rest of the area up: what counts is as long as its DER says. */
async function certificateOf(turn: TpmTurn, kind: TpmKeyKind): Promise<Uint8Array | null> {
  const index = kind === 'rsa' ? '0x01c00002' : '0x01c0000a';
  const defined = await turn.tpm2('getcap', 'handles-nv-index');
  if (!defined.toLowerCase().includes(index.slice(3))) return null;
  await turn.tpm2('nvread', index, '-C', 'o', '-o', 'ek.der');
  try {
    return new X509Certificate(await turn.read('ek.der')).raw;
  } catch {
    return null;
  }
}

/** As many as there are in a row; what follows the last is filling. */
function certificatesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length && found.length < tpmLimits.issuersMax; ) {
    try {
      const { raw } = new X509Certificate(bytes.subarray(at));
      found.push(raw);
      at += raw.length;
    } catch {
      break;
    }
  }
  return found;
}
