import { join } from 'node:path';
import { type Env, socketDirFor } from '../dirs.ts';

/** Where one VM's files are. The disk and logs outlive the VM's process; the sockets do not. */
export type VmFiles = {
  readonly dir: string;
  /** What a plain VM differs from its image in. */
  readonly disk: string;
  /** A sealed VM's volume, which only its guest can read. A VM has the one or the other. */
  readonly volume: string;
  readonly pidFile: string;
  readonly serialLog: string;
  readonly qemuLog: string;
  readonly socketDir: string;
  readonly qmpSocket: string;
  readonly agentSocket: string;
  readonly guestSocket: string;
  readonly chipSocket: string;
  readonly serialSocket: string;
};

/** The files of a VM below a miner's state directory (absolute). Pure: a restarted agent finds the same ones. */
export function vmFiles(options: { readonly stateDir: string; readonly vmId: string; readonly env: Env }): VmFiles {
  const dir = join(options.stateDir, 'vms', options.vmId);
  const socketDir = join(socketDirFor(options.stateDir, options.env), options.vmId);
  return {
    dir,
    disk: join(dir, 'disk.qcow2'),
    volume: join(dir, 'volume.luks'),
    pidFile: join(dir, 'qemu.pid'),
    serialLog: join(dir, 'serial.log'),
    qemuLog: join(dir, 'qemu.log'),
    socketDir,
    qmpSocket: join(socketDir, 'qmp.sock'),
    agentSocket: join(socketDir, 'agent.sock'),
    guestSocket: join(socketDir, 'guest.sock'),
    chipSocket: join(socketDir, 'chip.sock'),
    serialSocket: join(socketDir, 'serial.sock'),
  };
}
