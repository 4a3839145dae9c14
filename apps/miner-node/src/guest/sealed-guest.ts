import type { Log } from '#edge';
import type { Clock } from '#events';
import type { VmFiles } from '#host';
import { failureOf } from '../failure.ts';
import { limits } from '../limits.ts';
import type { GuestSaid } from '../ports/hypervisor.ts';
import { createReportService, type ReportService } from '../processor/report-service.ts';
import { Conversation } from './conversation.ts';
import type { GuestDesk } from './guest-desk.ts';
import { type GuestLine, openGuestLine } from './guest-line.ts';

/** The guest of a sealed VM that runs, as its host knows it. */
export type SealedGuest = {
  /** The owner's SSH keys in the network's envelope, for a guest that runs. */
  setEnvelope(envelope: string | null): void;
  /** Whether it was heard to ask for leave to start, and was not given it yet. */
  isAsking(): boolean;
  /** Fulfilled once its last words were read. */
  hungUp(): Promise<void>;
  close(): void;
};

export type SealedGuestOptions = {
  readonly vmId: string;
  readonly pid: number;
  readonly files: Pick<VmFiles, 'guestSocket' | 'chipSocket'>;
  readonly bootSpec: string;
  readonly isReady: boolean;
  readonly envelope: string | null;
  readonly desk: Pick<GuestDesk, 'ask' | 'openSecureProcessor'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onSaid: (said: GuestSaid) => void;
};

/** Talks to a sealed VM's guest until closed: hands it its boot spec, passes its requests on, and plays its processor
 *  where it has none. Whatever either side loses is asked for again, so an agent may begin in the middle. */
export const openSealedGuest = (options: SealedGuestOptions): SealedGuest => {
  const { files, clock, onSaid } = options;
  const onFault = (reason: string, pauseMs: number): void =>
    onSaid({ kind: 'misbehaved', reason: `${reason}; it is not listened to for ${pauseMs} ms` });
  const closing = new AbortController();
  const conversation = new Conversation({ ...options, send: (message) => line.send(message) });
  const line: GuestLine = openGuestLine({
    ...{ socketPath: files.guestSocket, clock, onFault },
    onOpen: () => conversation.tellAccess(),
    onFrame: (frame) => conversation.hear(frame),
  });
  void playProcessor(options, onFault, closing.signal);
  return {
    setEnvelope: (envelope) => conversation.setEnvelope(envelope),
    isAsking: () => conversation.isAsking(),
    hungUp: () => line.hungUp(),
    close: () => {
      closing.abort();
      line.close();
    },
  };
};

/** Answers on the port of the processor once there is one to answer with. */
const playProcessor = async (
  options: SealedGuestOptions,
  onFault: (reason: string, pauseMs: number) => void,
  signal: AbortSignal,
): Promise<void> => {
  const { files, clock } = options;
  const reports = await openReports(options, signal);
  if (reports === null || signal.aborted) return;
  const line: GuestLine = openGuestLine({
    ...{ socketPath: files.chipSocket, clock, onFault },
    onOpen: () => undefined,
    onFrame: (frame) => line.send(reports.answer(frame)),
  });
  signal.addEventListener('abort', () => line.close(), { once: true });
};

/** What signs this VM's reports, as soon as it can be had; `null` where the VM's own processor does. */
const openReports = async (
  { vmId, pid, bootSpec, desk, clock, log }: SealedGuestOptions,
  signal: AbortSignal,
): Promise<ReportService | null> => {
  for (let pauseMs: number = limits.guestRetryMs; !signal.aborted; ) {
    try {
      const processor = await desk.openSecureProcessor();
      return processor.kind === 'sev-snp' ? null : await createReportService(processor, { pid, bootSpec });
    } catch (error) {
      log('warn', 'no processor for a guest yet, it is tried again', { vmId, ...failureOf(error, 'unknown'), pauseMs });
    }
    await clock.sleep(pauseMs, signal);
    pauseMs = Math.min(2 * pauseMs, limits.guestRetryMaxMs);
  }
  return null;
};
