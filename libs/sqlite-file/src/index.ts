export { switchToWal } from './wal.ts';
