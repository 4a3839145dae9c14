import type { BackupsView } from '../client/backups.ts';
import { table } from '../output/table.ts';
import { bytesText, shortId } from '../output/text.ts';
import { timeText } from '../output/time.ts';
import { staleLine } from './moment.ts';

/** The backups as a table, and a line for whatever goes on or went wrong. */
export const backupsText = (view: BackupsView, now: number): string => {
  const { backups, underWay, failure, restore, restoreRefusal, restored, stale } = view;
  const rows = backups.map((copy) => [
    copy.backupId,
    timeText(copy.madeAt, now),
    bytesText(copy.bytes),
    bytesText(copy.newBytes),
    `${copy.bootCounter}`,
    copy.isOlder ? 'older than its disk: needs a consent' : 'as its disk was last opened',
  ]);
  return [
    staleLine(stale, now),
    table(['BACKUP', 'MADE', 'DISK', 'SENT', 'OPENED', 'RESTORED, IT IS'], rows),
    ...(underWay === null ? [] : [`being made: ${underWay}\n`]),
    ...(failure === null ? [] : [`not made: ${shortId(failure.backupId)}, ${failure.code}: ${failure.detail}\n`]),
    ...(restore === null
      ? []
      : [`being restored: ${shortId(restore.backupId)}, onto miner ${shortId(restore.minerId)}\n`]),
    ...(restoreRefusal === null ? [] : [`not restored: ${restoreRefusal.code}: ${restoreRefusal.detail}\n`]),
    ...(restored === null ? [] : [`the next boot makes its disk from ${restored}\n`]),
  ].join('');
};
