import type { Option } from 'commander';
import { usageError } from '../cli-error.ts';
import { sizeOption } from '../input/amounts.ts';
import { withDefault } from '../input/misread.ts';

/** Names of Debian packages, separated by commas. */
export const packageList = (text: string): readonly string[] => {
  const names = text.split(',').filter((name) => name !== '');
  const wrong = names.find((name) => !/^[a-z0-9][a-z0-9+.-]{1,62}$/.test(name));
  if (wrong === undefined && names.length > 0) return names;
  throw usageError('apps-malformed', `"${wrong ?? text}" is no name of a Debian package`, {
    wanted: 'names separated by commas, such as docker.io,build-essential',
  });
};

/** A SHA-256 in hex of either case. */
export const sha256Hex = (text: string): string => {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw usageError('sha256-malformed', `"${text}" is no SHA-256`, { wanted: '64 hex digits' });
};

export const memoryOption = (): Option =>
  withDefault(sizeOption('--memory <size>', 'the least memory of a VM of it'), 512 * 1024 * 1024, '512MiB');

export const osOption = (): Option =>
  withDefault(
    ['--os <id:version>', 'which system it is', osOf],
    { id: 'unknown', version: 'unknown' },
    'unknown:unknown',
  );

/** Which system an image is: `debian:12`. */
const osOf = (text: string): { readonly id: string; readonly version: string } => {
  const [, id, version] = /^([a-z0-9._-]{1,64}):([\w.-]{1,64})$/.exec(text) ?? [];
  if (id !== undefined && version !== undefined) return { id, version };
  throw usageError('os-malformed', `"${text}" names no system`, { wanted: 'such as debian:12' });
};
