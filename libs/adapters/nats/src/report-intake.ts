import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { z } from 'zod';
import {
  type Clock,
  decodeMessage,
  type Handled,
  type HostReport,
  hostReport,
  jetstreamStreams,
  minerIdOf,
  reportBytesMax,
  type Stop,
  type VmReport,
  vmIdOf,
  vmReport,
} from '#events';
import { pullFrom } from './pull.ts';
import { refuse, settle } from './settle.ts';
import type { BusLog } from './status.ts';
import { reportConsumers } from './topology.ts';

export type ReportIntakeOptions = {
  readonly js: JetStreamClient;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly log: BusLog;
  /** A message was not what it must be. */
  readonly onRefused: () => void;
};

export type ReportIntake = {
  onReport(handle: (report: VmReport, minerId: string) => Promise<Handled>): Stop;
  onHost(handle: (report: HostReport, minerId: string) => Promise<Handled>): Stop;
};

/** Reads what miners report. Untrusted until parsed: what is no report, or names another VM than its subject, is logged, counted and gone. */
export const createReportIntake = (options: ReportIntakeOptions): ReportIntake => {
  const { log, onRefused } = options;

  const take = <Message>(
    consumer: string,
    schema: z.ZodType<Message>,
    belongs: (decoded: Message, subject: string) => boolean,
    handle: (decoded: Message, minerId: string) => Promise<Handled>,
  ): Stop => {
    const takeOne = async (message: JsMsg): Promise<void> => {
      const minerId = minerIdOf(message.subject);
      const decoded = decodeMessage(schema, message.data, reportBytesMax);
      if (minerId !== null && decoded.ok && belongs(decoded.value, message.subject)) {
        await settle(message, () => handle(decoded.value, minerId), options);
        return;
      }
      onRefused();
      refuse(message, decoded.ok ? 'the subject names another miner or VM than the message' : decoded.reason, log);
    };
    return pullFrom({ ...options, stream: jetstreamStreams.reports, consumer, take: takeOne });
  };

  return {
    onReport: (handle) =>
      take(reportConsumers.reports, vmReport, (report, subject) => report.vmId === vmIdOf(subject), handle),
    onHost: (handle) => take(reportConsumers.hosts, hostReport, () => true, handle),
  };
};
