import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createSystemClock } from '#adapters/system';
import { guestPortName } from '#guest-channel';
import { beginWith } from '../begin.ts';
import { openPortFile } from '../port/virtio-port.ts';
import { commands } from './commands.ts';
import { linkOn, portOn } from './link.ts';
import { runVmAgent } from './run-agent.ts';

const { now } = createSystemClock();
const uptimeMs = (): number => Math.floor(Number(process.hrtime.bigint()) / 1e6);
const say = (line: string) => void process.stdout.write(`[guest ${(uptimeMs() / 1000).toFixed(2)}] ${line}\n`);

beginWith(async () =>
  runVmAgent({
    kernelLine: await readFile('/proc/cmdline', 'utf8'),
    agentVersion: 'guest/1',
    root: '/root',
    ...{ randomBytes, now, uptimeMs, say, commands },
    openPort: async (name) => portOn(linkOn(await openPortFile(name), (reason) => say(`${name}: ${reason}`))),
    openLink: async (onNoise) => linkOn(await openPortFile(guestPortName), onNoise),
    pause: (ms) => pause(ms),
    // PID 1 waits for this word: it hands over to the disk's own init.
    handOver: async (root) => {
      process.chdir(root);
      await writeFile('/run/hcc-pivot', 'pivot\n');
    },
  }),
);
