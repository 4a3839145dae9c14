import { usageError } from '../cli-error.ts';

/** Bytes as a person types them: `512MiB`, `2 GiB`, `2G` (binary units, whatever the spelling), or plain bytes. */
export const parseBytes = (text: string): number => {
  const [, count = '', unit = ''] = /^\s*(\d{1,15})\s*(?:([KMGT])(?:i?B)?|B)?\s*$/i.exec(text) ?? [];
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  const bytes = Number(count) * 1024 ** power;
  if (count !== '' && bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw usageError('size-malformed', `"${text}" is not a size`, { wanted: 'a number above 0 with MiB, GiB or TiB' });
};
