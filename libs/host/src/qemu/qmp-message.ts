import { z } from 'zod';

/** One line from QEMU's machine protocol. */
export type QmpMessage =
  | { readonly kind: 'greeting' }
  | { readonly kind: 'return'; readonly id: number | undefined; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number | undefined; readonly errorClass: string; readonly detail: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Reads one line. Total: whatever the bytes, the answer is a message, if need be an `unusable` one with its reason. */
export function parseQmpLine(line: string): QmpMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'unusable', reason: 'not JSON' };
  }
  const error = errorLine.safeParse(value);
  if (error.success) {
    const { id, error: said } = error.data;
    return { kind: 'error', id, errorClass: said.class, detail: said.desc };
  }
  const event = eventLine.safeParse(value);
  if (event.success) return { kind: 'event', name: event.data.event, data: event.data.data };
  const answer = returnLine.safeParse(value);
  if (answer.success) return { kind: 'return', id: answer.data.id, value: answer.data.return };
  if (greetingLine.safeParse(value).success) return { kind: 'greeting' };
  return { kind: 'unusable', reason: 'neither a greeting, an answer nor an event' };
}

const id = z.number().int().optional().catch(undefined);
const errorLine = z.object({ error: z.object({ class: z.string(), desc: z.string() }), id });
const eventLine = z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).default({}) });
const returnLine = z.object({ return: z.unknown().refine((value) => value !== undefined), id });
const greetingLine = z.object({ QMP: z.object({}) });
