import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSystemClock } from '#adapters/system';
import { runAgent } from './agent.ts';
import { beginWith } from './begin.ts';
import { openPort } from './port/virtio-port.ts';
import { agentVersion } from './version.ts';

const { now } = createSystemClock();

beginWith(async () =>
  runAgent({
    kernelLine: await readFile('/proc/cmdline', 'utf8'),
    agentVersion,
    openPort,
    randomBytes,
    now,
    say: (line) => void writeSync(1, `[hccam] ${line}\n`),
  }),
);
