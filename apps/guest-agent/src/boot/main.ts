import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { guestPortName } from '#guest-channel';
import { beginWith } from '../begin.ts';
import { openPortFile } from '../port/virtio-port.ts';
import { commandsWithin } from './commands.ts';
import { limits } from './limits.ts';
import { linkOn, portOn } from './link.ts';
import { rehearseBoot } from './rehearse-boot.ts';
import { runVmAgent } from './run-agent.ts';

const wordsToInit = '/run/hcc-pivot';
const uptimeMs = (): number => Math.floor(Number(process.hrtime.bigint()) / 1e6);
// Not by process.stdout: Node reads its terminal's modules for that, and makes a stream of it.
const say = (line: string) => void writeSync(1, `[guest ${(uptimeMs() / 1000).toFixed(2)}] ${line}\n`);

const boot = async (): Promise<void> =>
  runVmAgent({
    kernelLine: readFileSync('/proc/cmdline', 'utf8'),
    agentVersion: 'guest/1',
    ...{ root: '/root', run: '/new-run' },
    ...{ randomBytes, uptimeMs, say, commands: commandsWithin(limits.commandMs) },
    openPort: async (name) => portOn(linkOn(openPortFile(name), (reason) => say(`${name}: ${reason}`))),
    openLink: async (onNoise) => linkOn(openPortFile(guestPortName), onNoise),
    pause: (ms) => pause(ms),
    // PID 1 waits for these words: it makes the network, and hands over to the disk's own init.
    makeNetwork: ({ address, gateway }) => writeFileSync(wordsToInit, `network ${address} ${gateway}\n`),
    handOver: (root) => {
      process.chdir(root);
      writeFileSync(wordsToInit, 'pivot\n');
    },
  });

beginWith(boot, rehearseBoot);
