import { createHash } from 'node:crypto';
import { z } from 'zod';
import { limits } from '../limits.ts';

/** What a volume was made of when it was copied, in order. Everything of a copy hangs on the digest of this list. */
export type Manifest = {
  readonly vmId: string;
  readonly backupId: string;
  readonly volumeBytes: number;
  readonly pieceBytes: number;
  /** SHA-256 of each piece; `null` for one of zeros, which is not kept. The last piece may be shorter. */
  readonly pieces: readonly (string | null)[];
};

const form = z
  .strictObject({
    version: z.literal(1),
    vmId: z.uuid().lowercase(),
    backupId: z.uuid().lowercase(),
    volumeBytes: z.int().positive(),
    pieceBytes: z.int().min(4_096).max(limits.backupPieceBytesMax).multipleOf(4_096),
    pieces: z
      .array(
        z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .nullable(),
      )
      .max(limits.backupPiecesMax),
  })
  .refine(({ volumeBytes, pieceBytes, pieces }) => pieces.length === Math.ceil(volumeBytes / pieceBytes), {
    error: 'there are not as many pieces as the volume has',
    path: ['pieces'],
  });

/** A list of pieces under the name it is kept by. */
export const encodeManifest = (manifest: Manifest): { readonly sha256: string; readonly bytes: Uint8Array } => {
  const bytes = new TextEncoder().encode(JSON.stringify({ version: 1, ...manifest }));
  return { sha256: digestOf(bytes), bytes };
};

/** Reads a list back, which may be anything: refuses another form, and that of another VM. */
export const decodeManifest = (bytes: Uint8Array, vmId: string): Manifest => {
  const parsed = form.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BackupError('backup-malformed', `the list of a backup of VM ${vmId} is no such list: ${issue?.message}`);
  }
  const { version: _, ...manifest } = parsed.data;
  if (manifest.vmId === vmId) return manifest;
  throw new BackupError('backup-malformed', `the list of a backup is of VM ${manifest.vmId}, wanted ${vmId}`);
};

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
};

/** SHA-256 in hex. */
export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Why a copy was not made or not put back, in words for its owner. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
