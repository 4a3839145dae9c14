import type { DesiredSpec, UnixMs } from '#domain';
import type { RecordedEvent } from '../envelope.ts';
import type { ConsoleCall, ConsoleText, DrainWish, HostReport, VmMetrics, VmReport } from '../messages.ts';
import type { GuestBus, GuestDesk } from './guest-bus.ts';

/** What the orchestrator does on the bus. At-least-once, unordered, lossy: the store decides, the bus carries. */
export type OrchestratorBus = {
  /**
   * Publishes stored events for consumers outside, in order; resolves when every one is acknowledged. Message id = eventId,
   * so a repeat is stored once. An event whose publish had to be repeated may come after its successors.
   */
  publishEvents(events: readonly RecordedEvent[]): Promise<void>;
  /** What the bus still has of the published events; `null` when it has none. */
  published(): Promise<PublishedSpan | null>;
  /**
   * Puts a VM's whole spec, unless the one on the bus is as new or newer. `fold` is asked for it after the subject was
   * looked at, and again whenever something was put there meanwhile, also if that was purged since: what was folded before
   * a purge is never put after it (ADR-0052). A fold that gives `null` wants nothing put; one that rejects is its caller's.
   */
  putSpec(minerId: string, vmId: string, fold: FoldSpec): Promise<'put' | 'not-older' | 'not-wanted'>;
  /** Forgets a VM's subject once its removal is confirmed. */
  purgeSpec(minerId: string, vmId: string): Promise<void>;
  /** Makes the miner's consumer anew, so that it reads the last spec of every subject again. */
  resetWork(minerId: string): Promise<void>;
  onReport(handle: (report: VmReport, minerId: string) => Promise<Handled>): Promise<Stop>;
  onHost(handle: (report: HostReport, minerId: string) => Promise<Handled>): Promise<Stop>;
  onBeat(handle: (minerId: string, at: UnixMs) => void): Promise<Stop>;
  onAsk(what: 'sync' | 'renew', handle: (minerId: string) => Promise<AskAnswer>): Promise<Stop>;
  /** What miners want of themselves: each of itself only, by its credentials. */
  onDrain(handle: (minerId: string, wish: DrainWish) => Promise<AskAnswer>): Promise<Stop>;
  /** A part of a VM's console, from the miner that holds it. */
  askConsole(minerId: string, call: ConsoleCall): Promise<ConsoleText>;
  /** A VM's counters, from the miner that holds it. */
  askMetrics(minerId: string, vmId: string): Promise<VmMetrics>;
  /** Whether a miner can restore a VM from that backup. */
  askBackup(minerId: string, call: BackupCall): Promise<BackupSight>;
  /** What guests ask, through their miners. */
  readonly guests: GuestDesk;
  /** Whether we are connected, and since when: missed beats count only while we listened. */
  connectedSince(): UnixMs | null;
  close(): Promise<void>;
};

/** A VM's spec for one miner as its stream has it at this moment; `null` when that miner is to be told nothing. */
type FoldSpec = () => Promise<DesiredSpec | null>;

/** The ends of what is published, as position tokens. */
export type PublishedSpan = {
  readonly oldest: string;
  readonly newest: string;
  /** Older ones made room for newer ones, as they should; then nobody expects the first event at the beginning. */
  readonly isTrimmed: boolean;
};

export type Handled = 'ack' | { readonly retryInMs: number };
export type AskAnswer = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };
export type Stop = () => Promise<void>;

/** What a miner does on the bus, with its own credentials and only its own subjects. */
export type MinerBus = {
  /** Every spec that has not been acknowledged, then each newer one. The handler's return acknowledges it. */
  onSpec(handle: (spec: DesiredSpec) => Promise<Handled>): Promise<Stop>;
  /** Asks the orchestrator to have all specs delivered again. Rejects when nobody answers. */
  sync(): Promise<void>;
  /** Asks for new credentials before the present ones expire; the answer's text. Rejects when refused or nobody answers. */
  renew(): Promise<string>;
  /** Asks to be drained, or given VMs again; what the orchestrator says to that. Rejects when nobody answers. */
  drain(wish: DrainWish): Promise<AskAnswer>;
  report(report: VmReport): Promise<void>;
  reportHost(report: HostReport): Promise<void>;
  /** Says "here". Dropped while there is no connection: a late beat would say something else. */
  beat(): void;
  /** Answers what the orchestrator asks about VMs. A handler that rejects refuses, with its message as the reason. */
  onCalls(handlers: CallHandlers): Promise<Stop>;
  /** What the miner's guests ask. */
  readonly guests: GuestBus;
  close(): Promise<void>;
};

/** A backup by the list of its pieces. */
export type BackupCall = { readonly vmId: string; readonly manifestSha256: string };
/** What a miner sees of it: the store it was told of, by the name of its configuration, and whether the list is there. */
export type BackupSight = { readonly store: string | null; readonly isThere: boolean };

export type CallHandlers = {
  readonly backup: (call: BackupCall) => Promise<BackupSight>;
  readonly console: (call: ConsoleCall) => Promise<ConsoleText>;
  readonly metrics: (vmId: string) => Promise<VmMetrics>;
};

/** The bus refused or cannot be reached. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}
