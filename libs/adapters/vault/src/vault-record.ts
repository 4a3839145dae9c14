import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VaultError } from '#events';
import { createFile, readSmall, replaceFile } from './durable.ts';
import { type Kek, parseRecord, recordBytes, type VaultRecord } from './key-file.ts';
import { announce, type Opener, othersOpen, withdraw } from './openers.ts';

export type EnterOptions = {
  /** A directory of the vault alone; made, private, when it is not there. */
  readonly dir: string;
  /** Whose keys these are; `null` for whichever network the vault says. */
  readonly networkId: string | null;
  readonly random: (bytes: number) => Uint8Array;
  readonly kek: Kek;
  readonly older: readonly Kek[];
};

/** A vault this process has open. */
export type Entered = {
  readonly dir: string;
  readonly networkId: string;
  /** From now on keys are wrapped under `to`, here and wherever else the vault is open. Refuses with `kek-unusable` otherwise. */
  moveTo(to: Kek): Promise<void>;
  leave(): Promise<void>;
};

/**
 * Opens a vault for this process under the key its record names, or moves the record to the key that was given when the
 * recorded one was given as an older one. The record is written before anything is wrapped under another key, and after
 * word was left of who has it open: of two programs that disagree about the key, at most one gets in.
 */
export const enterVault = async ({ dir, networkId, random, kek, older }: EnterOptions): Promise<Entered> => {
  await privateDir(dir);
  const path = join(dir, 'vault.json');
  const token = (): string => Buffer.from(random(8)).toString('hex');
  let record = await recordOf(path, networkId === null ? null : { networkId, kekId: kek.id }, token());
  wantNetwork(record, networkId, dir);
  if (![kek, ...older].some(({ id }) => id === record.kekId)) throw otherKey(dir, record.kekId, kek.id);
  let name = await announce(dir, kek.id, token());
  const leave = (): Promise<void> => withdraw(dir, name);
  const moveTo = async (to: Kek): Promise<void> => {
    wantAgreed(await othersOpen(dir, name), to.id, dir);
    const [before, left] = [record, name];
    name = await announce(dir, to.id, token());
    await withdraw(dir, left);
    record = { ...record, kekId: to.id };
    await replaceFile(path, recordBytes(record), token());
    try {
      wantAgreed(await othersOpen(dir, name), to.id, dir);
    } catch (error) {
      record = before;
      await replaceFile(path, recordBytes(before), token());
      throw error;
    }
  };
  try {
    // Read again now that our word is there: a rotation that began before it says so here.
    record = await recordOf(path, record, token());
    if (record.kekId !== kek.id) {
      if (older.every(({ id }) => id !== record.kekId)) throw otherKey(dir, record.kekId, kek.id);
      await moveTo(kek);
    }
    return { dir, networkId: record.networkId, moveTo, leave };
  } catch (error) {
    await leave();
    throw error;
  }
};

/** What the vault says of itself; a new one is made to say what is given. */
const recordOf = async (path: string, first: VaultRecord | null, token: string): Promise<VaultRecord> => {
  if (first !== null && (await readSmall(path)) === null) await createFile(path, recordBytes(first), token);
  const bytes = await readSmall(path);
  if (bytes !== null) return parseRecord(bytes);
  throw new VaultError('vault-unavailable', `there is no vault at ${path}; name the directory of one (HCC_VAULT_DIR)`);
};

const privateDir = async (dir: string): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { mode } = await stat(dir);
  if ((mode & 0o077) === 0) return;
  const shown = (mode & 0o777).toString(8);
  throw new VaultError('vault-unavailable', `the vault ${dir} has mode ${shown}, wanted 700 (run: chmod 700 ${dir})`);
};

const wantNetwork = (record: VaultRecord, networkId: string | null, dir: string): void => {
  if (networkId === null || record.networkId === networkId) return;
  throw new VaultError(
    'vault-unavailable',
    `the vault ${dir} is of the network ${record.networkId}, wanted ${networkId}; name the directory of its own`,
  );
};

const wantAgreed = (openers: readonly Opener[], kekId: string, dir: string): void => {
  const other = openers.find((opener) => opener.kekId !== kekId);
  if (other === undefined) return;
  throw new VaultError(
    'kek-unusable',
    `process ${other.pid} has the vault ${dir} open under the key ${other.kekId}; stop it, or start it again with the key ${kekId} as its vault key and that one as its old one, and repeat (if it is gone for good: remove ${join(dir, other.name)})`,
  );
};

const otherKey = (dir: string, observed: string, given: string): VaultError =>
  new VaultError(
    'kek-unusable',
    `the vault ${dir} is under the key ${observed}, given ${given}; give that one, or to change it give that one as HCC_VAULT_OLD_KEY_FILE`,
  );
