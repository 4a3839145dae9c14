import { hash } from 'node:crypto';
import type { BootId, Device } from '#domain';
import { canonicalText } from './canonical.ts';
import type { EventId } from './envelope.ts';

/** A UUID (version 8, RFC 9562) that is a pure function of its parts: the same cause always makes the same id. */
export const derivedUuid = (...parts: readonly string[]): string => {
  let text = '';
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`;
  const hex = hash('sha256', text);
  const variant = variants[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** The digits that say "variant of RFC 9562" in their high bits. */
const variants = ['8', '9', 'a', 'b'] as const;

/** Id of the `index`-th event of a command: a repeated command finds its own events. */
export const eventIdOf = (commandId: string, index: number): EventId =>
  derivedUuid('event', commandId, index.toString()) as EventId;

/** Id of the command that a process gives because of an event. */
export const commandIdOf = (process: string, eventId: string, step: string): string =>
  derivedUuid('command', process, eventId, step);

/** The boot that a command would authorise: minted here, never by a miner. */
export const bootIdOf = (commandId: string): BootId => derivedUuid('boot', commandId) as BootId;

/** The stream of a chip or TPM: its own ids are longer than a stream's name may be. */
export const deviceStreamId = ({ deviceKind, deviceId }: Device): string => hash('sha256', `${deviceKind}:${deviceId}`);

/** SHA-256 over RFC 8785 of a JSON value: the same for every order of its fields. */
export const contentDigest = (json: unknown): string => hash('sha256', canonicalText(json) ?? '');
