import { createHash } from 'node:crypto';
import type { BootId } from '#domain';
import type { EventId } from './envelope.ts';

/** A UUID (version 8, RFC 9562) that is a pure function of its parts: the same cause always makes the same id. */
export const derivedUuid = (...parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  const bytes = hash.digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** Id of the `index`-th event of a command: a repeated command finds its own events. */
export const eventIdOf = (commandId: string, index: number): EventId =>
  derivedUuid('event', commandId, index.toString()) as EventId;

/** Id of the command that a process gives because of an event. */
export const commandIdOf = (process: string, eventId: string, step: string): string =>
  derivedUuid('command', process, eventId, step);

/** The boot that a command would authorise: minted here, never by a miner. */
export const bootIdOf = (commandId: string): BootId => derivedUuid('boot', commandId) as BootId;
