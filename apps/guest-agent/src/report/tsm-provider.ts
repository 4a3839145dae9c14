import { mkdir, open, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../limits.ts';
import { Stop } from '../stop.ts';
import type { ReportProvider } from './report-provider.ts';

/** Where kernels from 6.7 on give out reports of SEV-SNP. */
export const tsmReportDir = '/sys/kernel/config/tsm/report';

/** Reports of the processor through the kernel's configfs-tsm. Node has no ioctl, so a kernel that offers only
 *  /dev/sev-guest (before 6.7) cannot be served. Source: Linux Documentation/ABI/testing/configfs-tsm. */
export const createTsmProvider = (dir: string): ReportProvider => ({
  name: 'configfs-tsm',
  report: async (reportData) => {
    const entry = join(dir, 'hcc');
    // An entry that is there already is our own, from before.
    await mkdir(entry).catch((error: unknown) => unlessExists(error, entry));
    try {
      return await readReport(entry, reportData);
    } finally {
      await rmdir(entry).catch(() => undefined);
    }
  },
});

const readReport = async (entry: string, reportData: Uint8Array) => {
  for (let tries = 0; tries < limits.tsmTriesMax; tries += 1) {
    await writeAttribute(join(entry, 'inblob'), reportData);
    const generation = await readText(join(entry, 'generation'));
    const provider = await readText(join(entry, 'provider'));
    if (provider !== 'sev_guest') {
      throw new Stop('report-failed', `the kernel's reports come from ${provider || 'nobody'}, wanted sev_guest`);
    }
    const report = await readAttribute(join(entry, 'outblob'));
    const table = await readAttribute(join(entry, 'auxblob')).catch(() => new Uint8Array());
    // Another writer of the same entry would make the answer one to another question.
    if (generation !== (await readText(join(entry, 'generation')))) continue;
    const certificates = table.length === 0 ? null : { table: Buffer.from(table).toString('base64') };
    return { report, certificates };
  }
  throw new Stop(
    'report-failed',
    `${entry} changed under us ${limits.tsmTriesMax} times: something else asks for reports`,
  );
};

/** One write: the kernel takes an attribute's bytes whole. */
const writeAttribute = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'w');
  try {
    await file.write(bytes);
  } finally {
    await file.close();
  }
};

const readAttribute = async (path: string): Promise<Uint8Array> => {
  const bytes = await readFile(path);
  if (bytes.length > limits.tsmFileBytesMax) throw new Stop('report-failed', `${path} has ${bytes.length} bytes`);
  return bytes;
};

const readText = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim();

const unlessExists = (error: unknown, entry: string): void => {
  if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
  throw new Stop('report-failed', `${entry} could not be made: ${String(error)}`);
};
