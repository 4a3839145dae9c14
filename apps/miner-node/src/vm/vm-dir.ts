import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid } from '#domain';
import type { ConsoleCall } from '#events';
import {
  type ConsolePart,
  type Env,
  errnoOf,
  readConsole,
  syncDir,
  type VmFiles,
  vmFiles,
  writeFileDurably,
} from '#host';
import type { LocalVm } from '../converge/index.ts';
import { readSmallFile } from '../host/small-file.ts';
import { limits } from '../limits.ts';
import { decodeLedger, encodeLedger, type Ledger } from './ledger.ts';
import { decodeRecord, encodeRecord } from './vm-record.ts';

/** What a VM's directory says. `corrupt` concerns that VM alone. */
export type Loaded =
  | { readonly kind: 'found'; readonly vm: LocalVm }
  | { readonly kind: 'none' }
  | { readonly kind: 'corrupt'; readonly detail: string };

/** The directories of all VMs of a miner: `<minerDir>/vms/<vmId>/` with `vm.json`, the disk and the logs. */
export type VmDirs = {
  /** Every VM that has a directory. Finishes removals that an earlier agent began. */
  list(): Promise<readonly string[]>;
  load(vmId: string): Promise<Loaded>;
  /** Durable when it returns; all or nothing. */
  save(vm: LocalVm): Promise<void>;
  /** Removes directory and sockets. A crash in the middle leaves nothing that `list` would find. */
  remove(vmId: string): Promise<void>;
  /** What the VM has used, as it was last written; `null` before the first time. Rejects for a file that is none. */
  loadLedger(vmId: string): Promise<Ledger | null>;
  saveLedger(vmId: string, ledger: Ledger): Promise<void>;
  /** A part of the VM's console; empty when there is none. */
  readConsole(call: ConsoleCall): Promise<ConsolePart>;
};

/** The VM directories below a miner's state directory, which must be absolute. */
export const openVmDirs = (minerDir: string, env: Env): VmDirs => {
  const root = join(minerDir, 'vms');
  const files = (vmId: string) => vmFiles({ stateDir: minerDir, vmId, env });
  const recordPath = (vmId: string) => join(files(vmId).dir, 'vm.json');
  const ledgerPath = (vmId: string) => join(files(vmId).dir, 'usage.json');
  return {
    list: async () => {
      await mkdir(root, { recursive: true, mode: 0o700 });
      const names = await readdir(root);
      for (const name of names.filter((entry) => entry.startsWith(removing))) {
        await rm(join(root, name), { recursive: true, force: true });
      }
      return names.filter(isUuid).sort();
    },
    load: async (vmId) => {
      const path = recordPath(vmId);
      try {
        const content = await readSmallFile(path, limits.recordBytesMax);
        if (content === null) return await withoutRecord(path, files(vmId));
        const vm = decodeRecord(content);
        return vm.spec.vmId === vmId
          ? { kind: 'found', vm }
          : corrupt(path, `it is the record of VM ${vm.spec.vmId}, wanted ${vmId}`);
      } catch (error) {
        return corrupt(path, error instanceof Error ? error.message : String(error));
      }
    },
    save: (vm) => writeFileDurably(recordPath(vm.spec.vmId), encodeRecord(vm)),
    remove: async (vmId) => {
      const { dir, socketDir } = files(vmId);
      const gone = join(root, `${removing}${vmId}`);
      await rm(gone, { recursive: true, force: true });
      await rename(dir, gone).catch(unlessMissing);
      await syncDir(root);
      await rm(gone, { recursive: true, force: true });
      await rm(socketDir, { recursive: true, force: true });
    },
    loadLedger: async (vmId) => {
      const content = await readSmallFile(ledgerPath(vmId), limits.ledgerBytesMax);
      return content === null ? null : decodeLedger(ledgerPath(vmId), content);
    },
    saveLedger: (vmId, ledger) => writeFileDurably(ledgerPath(vmId), encodeLedger(ledger)),
    readConsole: ({ vmId, bytesMax, after }) =>
      readConsole(files(vmId).serialLog, { bytesMax, ...(after !== null && { after }) }),
  };
};

const removing = '.removing-';

/** The record is written before anything else of a VM: a disk without one has lost it. */
const withoutRecord = async (path: string, { disk, volume }: Pick<VmFiles, 'disk' | 'volume'>): Promise<Loaded> => {
  const isThere = (file: string): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false,
    );
  const hasDisk = (await isThere(disk)) || (await isThere(volume));
  return hasDisk ? corrupt(path, 'it is missing, and there is a disk beside it') : { kind: 'none' };
};

const corrupt = (path: string, why: string): Loaded => ({
  kind: 'corrupt',
  detail: `${path} cannot be used: ${why}; put back a good copy and restart the agent, or terminate the VM`,
});

const unlessMissing = (error: unknown): void => {
  if (errnoOf(error) !== 'ENOENT') throw error;
};
