import { z } from 'zod';
import { base64, certificates, code, exchange, version, words } from './fields.ts';
import { limits } from './limits.ts';
import { parse } from './read-message.ts';

/** The virtio-serial port between a guest and the simulated secure processor. */
export const processorPortName = 'hcc.processor';

const request = z.strictObject({ version, type: z.literal('report'), exchange, reportData: base64(64) });

const answer = z.discriminatedUnion('type', [
  z.strictObject({
    version,
    type: z.literal('report'),
    exchange,
    report: base64(limits.reportBytesMax),
    certificates,
  }),
  z.strictObject({ version, type: z.literal('failed'), exchange, code, words }),
]);

/** What a guest asks its processor: a report over 64 bytes of its own. */
export type ProcessorRequest = z.infer<typeof request>;
/** What the processor answers. */
export type ProcessorAnswer = z.infer<typeof answer>;

/** A guest's frame to the processor, or ChannelError `message-unknown`. */
export const parseProcessorRequest = (frame: unknown): ProcessorRequest => parse(request, frame, 'the guest');

/** The processor's frame, or ChannelError `message-unknown`. */
export const parseProcessorAnswer = (frame: unknown): ProcessorAnswer => parse(answer, frame, 'the processor');
