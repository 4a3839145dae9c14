import { holderText, type VaultRotation, type VaultStatus } from '#events';
import { countText } from '../output/text.ts';

/** What a destroyed key is not gone from. */
export const ofBackups =
  'A key that is destroyed leaves the vault, not the backups of its directory: those open under what it was wrapped under.\n' +
  'Rotate, then destroy the old one wherever it is kept, and no backup from before opens anything any more.';

export const statusText = (
  dir: string,
  { keys, hasSealingKey, destroyed, kekId, byKek, missingKeks }: VaultStatus,
): string =>
  [
    `vault ${dir}: ${countText(keys, 'key')}, ${destroyed} destroyed`,
    ...(hasSealingKey ? ["one of them is the vault's own: owners seal keys of private images to it"] : []),
    `new keys are wrapped under ${kekId}`,
    ...Object.entries(byKek).map(
      ([id, count]) =>
        `${count} under ${id}${missingKeks.includes(id) ? ', which was not given: they cannot be used' : ''}`,
    ),
  ]
    .map((line) => `${line}\n`)
    .join('');

export const rotatedText = (dir: string, { done }: VaultRotation, kekId: string): string =>
  `${countText(done, 'key')} of ${dir} ${done === 1 ? 'is' : 'are'} wrapped under ${kekId} now; the one before opens none of them, backups of this directory apart: destroy it, wherever it is kept, and those open nothing more\n`;

export const returnedText = (returned: readonly string[] | null): string =>
  (returned ?? []).length === 0
    ? ''
    : `${returned?.map((holder) => `back, though it was destroyed: the key of ${holderText(holder)}\n`).join('')}` +
      'the orchestrator that has this vault destroys them again within a minute; backups of the vault still have them: hcc vault rotate --help\n';
