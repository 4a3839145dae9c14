export { openBackupDirectory } from './directory.ts';
export { type BackupStoreConfig, openBackupStore } from './open.ts';
export { openS3Backups, type S3BackupOptions } from './s3.ts';
