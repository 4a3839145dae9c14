import { resolve } from 'node:path';
import { z } from 'zod';
import type { BackupStoreConfig } from '#adapters/backup';
import type { Size } from '#domain';
import { type Environment, type LogLevel, logLevels, parseConfig, text, wholeNumber } from '#edge';
import { hccDirs } from '#host';
import type { ImageSources } from './images/fetched-images.ts';
import { imageSourcesOf, imageSourceVariables } from './images/image-sources.ts';
import { limits } from './limits.ts';

/** How one miner agent is set up. All paths are absolute. */
export type MinerConfig = {
  readonly minerDir: string;
  readonly minerId: string;
  readonly name: string;
  readonly apiUrl: string;
  /** Needed until the miner is enrolled. */
  readonly joinTokenFile: string | null;
  readonly cacheDir: string;
  /** Most bytes of the cache that no VM needs. */
  readonly cacheBytesMax: number;
  /** Where images come from that the cache lacks. */
  readonly imageSources: ImageSources;
  /** What is offered, where it was said. */
  readonly offer: Partial<Size>;
  /** `leave`: VMs outlive the agent. `stop`: the host goes down with it. */
  readonly onExit: 'leave' | 'stop';
  readonly logLevel: LogLevel;
  /** What protects guests from this host. Set by whoever runs it and never guessed: a host that cannot, does not start. */
  readonly platform: 'none' | 'sev-snp';
  /** The firmware SEV-SNP guests are launched with. */
  readonly snpFirmware: string | null;
  /** Where copies of sealed VMs' volumes are kept; `null`: nowhere. All miners of a network have the same, or a VM is
   *  restored only where it was. */
  readonly backups: BackupStoreConfig | null;
};

const bytes = wholeNumber('a number of bytes', 0, Number.MAX_SAFE_INTEGER).optional();

const variables = z.object({
  HCC_MINER_DIR: text('a directory for this miner alone'),
  HCC_MINER_ID: z.uuid('the id that `hcc miner invite` gave, a lower-case UUID').lowercase(),
  HCC_MINER_NAME: text('a name for people').default('miner'),
  HCC_API_URL: z.url({ protocol: /^https?$/, error: 'the http(s) address of the orchestrator' }),
  HCC_JOIN_TOKEN_FILE: text('the file with the join token').optional(),
  HCC_MINER_VCPUS: wholeNumber('a number of vCPUs, 1 to 4096', 1, 4_096).optional(),
  HCC_MINER_MEMORY_BYTES: bytes,
  HCC_MINER_DISK_BYTES: bytes,
  HCC_CACHE_SPARE_BYTES: bytes.default(limits.cacheSpareBytesMax),
  HCC_MINER_ON_EXIT: z.enum(['leave', 'stop'], { error: 'leave or stop' }).default('leave'),
  HCC_MINER_PLATFORM: z.enum(['none', 'sev-snp'], { error: 'none or sev-snp' }).default('none'),
  HCC_SNP_FIRMWARE: text('the file OVMF.amdsev.fd').optional(),
  HCC_BACKUP_STORE: z
    .string()
    .regex(/^(dir:\/|s3:\/\/)/, 'dir:/PATH or s3://BUCKET/PREFIX')
    .optional(),
  HCC_BACKUP_S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'the http(s) address of an S3 store' }).optional(),
  HCC_BACKUP_S3_REGION: text('a region of S3').optional(),
  HCC_BACKUP_S3_CREDENTIALS_FILE: text('a file with accessKeyId and secretAccessKey').optional(),
  ...imageSourceVariables,
  HCC_LOG_LEVEL: z.enum(logLevels, { error: logLevels.join(', ') }).default('info'),
});

/** Reads the agent's environment. Throws ConfigInvalid, which names every variable that is wrong. */
export const readConfig = (env: Environment, cwd: string): MinerConfig => {
  const read = parseConfig(variables, env);
  const { HCC_MINER_VCPUS, HCC_MINER_MEMORY_BYTES, HCC_MINER_DISK_BYTES, HCC_JOIN_TOKEN_FILE } = read;
  const apiUrl = read.HCC_API_URL.replace(/\/+$/, '');
  return {
    minerDir: resolve(cwd, read.HCC_MINER_DIR),
    minerId: read.HCC_MINER_ID,
    name: read.HCC_MINER_NAME,
    apiUrl,
    joinTokenFile: HCC_JOIN_TOKEN_FILE === undefined ? null : resolve(cwd, HCC_JOIN_TOKEN_FILE),
    cacheDir: hccDirs(env, cwd).cacheDir,
    cacheBytesMax: read.HCC_CACHE_SPARE_BYTES,
    imageSources: imageSourcesOf(read, apiUrl),
    offer: {
      ...(HCC_MINER_VCPUS !== undefined && { vcpus: HCC_MINER_VCPUS }),
      ...(HCC_MINER_MEMORY_BYTES !== undefined && { memoryBytes: HCC_MINER_MEMORY_BYTES }),
      ...(HCC_MINER_DISK_BYTES !== undefined && { diskBytes: HCC_MINER_DISK_BYTES }),
    },
    onExit: read.HCC_MINER_ON_EXIT,
    logLevel: read.HCC_LOG_LEVEL,
    platform: read.HCC_MINER_PLATFORM,
    snpFirmware: read.HCC_SNP_FIRMWARE === undefined ? null : resolve(cwd, read.HCC_SNP_FIRMWARE),
    backups: backupsOf(read, cwd),
  };
};

const backupsOf = (read: z.output<typeof variables>, cwd: string): BackupStoreConfig | null => {
  const { HCC_BACKUP_STORE: store, HCC_BACKUP_S3_CREDENTIALS_FILE: file } = read;
  if (store === undefined) return null;
  const credentialsFile = file === undefined ? undefined : resolve(cwd, file);
  return { store, endpoint: read.HCC_BACKUP_S3_ENDPOINT, region: read.HCC_BACKUP_S3_REGION, credentialsFile };
};
