import { dirname, join } from 'node:path';
import { type Log, version } from '#edge';
import type { AttesterBus, Challenge, Clock, EvidenceAnswer, Ids } from '#events';
import { type Accelerator, type Env, type HostTpm, openHostTpm, socketDirFor } from '#host';
import { buildHccamImage, buildTinyImage, type HccamImage, markUsed } from '#images';
import type { MinerConfig } from '../config.ts';
import type { OpenSecureProcessor, SecureProcessor } from '../processor/secure-processor.ts';
import { enrolAttestationKey } from './enrolment.ts';
import { composeEvidence } from './evidence.ts';
import { type Hccam, startHccam } from './hccam.ts';
import type { MeasuredHost } from './measure-host.ts';
import { createMeasurements } from './measurements.ts';

export type HostAttesterParts = {
  readonly config: Pick<MinerConfig, 'minerDir' | 'minerId' | 'cacheDir' | 'platform'>;
  readonly env: Env;
  readonly accelerator: Accelerator;
  readonly bus: Pick<AttesterBus, 'ask'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Called before each round: what changed on disk is measured then. */
  readonly measure: (tpm: HostTpm) => Promise<MeasuredHost>;
  readonly openSecureProcessor: OpenSecureProcessor;
};

type Host = { readonly tpm: HostTpm; readonly tpmStarts: number; readonly measured: MeasuredHost };
type Network = Pick<Challenge, 'networkId' | 'networkKind'>;

/** This host as one that attests. What a round needs is made at the first round that needs it, and kept. */
export class HostAttester {
  readonly #parts: HostAttesterParts;
  #tpm: HostTpm | null = null;
  #host: Host | null = null;
  #image: HccamImage | null = null;
  #hccam: Hccam | null = null;
  /** The start of the TPM since which its list was taken in full. */
  #listTakenSince: number | null = null;
  readonly #closing = new AbortController();

  constructor(parts: HostAttesterParts) {
    this.#parts = parts;
  }

  /** One round: the verifier's answer, whatever it is. Rejects when there was no evidence to judge, with the reason. */
  async round(): Promise<EvidenceAnswer> {
    const { bus, config, clock, log } = this.#parts;
    const first = await this.#challenge();
    const host = await this.#openHost(first);
    const enrolled = await enrolAttestationKey(host.tpm, bus, first.akName);
    if (enrolled === 'enrolled') log('info', 'attestation key enrolled', { simulatedTpm: host.tpm.simulated });
    const from = clock.now();
    const hccam = await this.#openHccam(first, host);
    // What was asked for before a key was enrolled, or a machine booted, is about another state, or too old.
    const isFresh = enrolled === 'known' && clock.now() - from < freshMs;
    const challenge = isFresh ? first : await this.#challenge();
    const { nonce, expiresAt: nonceExpiresAt } = challenge;
    const { bundle, list } = host.measured;
    // A verifier cannot know that the TPM began anew since, and with it the list, before it has seen the quote.
    const imaFrom = this.#listTakenSince === host.tpmStarts ? challenge.imaFrom : 0;
    const result = await hccam.attest({ nonce, nonceExpiresAt, imaFrom, agentVersion: version, bundle });
    const evidence = await composeEvidence(config.minerId, { nonce, nonceExpiresAt }, result, { list, bus });
    const answer = await bus.ask('evidence', { evidence });
    if (isTaken(answer.groups.ima)) this.#listTakenSince = host.tpmStarts;
    return answer;
  }

  /** Ends the system VM, whatever a round waits for, and the TPM that was started for it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#hccam?.stop();
    await this.#tpm?.close();
  }

  #challenge(): Promise<Challenge> {
    return this.#parts.bus.ask('challenge', { purpose: 'host-evidence', agentVersion: version });
  }

  /** The TPM, and the measurements that are in it now: a software TPM that began anew holds none of them. */
  async #openHost({ networkKind }: Network): Promise<Host> {
    const { config, env, log, measure } = this.#parts;
    const { minerDir, cacheDir } = config;
    this.#tpm ??= await openHostTpm({
      dir: join(minerDir, 'tpm'),
      socketDir: join(socketDirFor(minerDir, env), 'tpm'),
      simulate: networkKind === 'simulated' ? 'when-absent' : 'never',
      report: ({ step, detail }) => log('info', step, { detail }),
      places: { env, cacheDir },
    });
    const tpm = this.#tpm;
    // Asked for first: a software TPM that ended is started again by the next question.
    await tpm.readPcrs({ bank: 'sha256', indices: [10] });
    const tpmStarts = tpm.starts();
    const before = this.#host;
    this.#host = { tpm, tpmStarts, measured: await measure(tpm) };
    if (before === null) {
      const files = this.#host.measured.bundle.length;
      log('info', 'host measured', { tpm: tpm.from, simulatedTpm: tpm.simulated, files });
    } else if (before.tpmStarts !== tpmStarts) {
      log('warn', 'the software TPM began anew, and with it the measurement list', { starts: tpmStarts });
      // Its guest remembers a list that is no more.
      await this.#hccam?.stop();
    }
    return this.#host;
  }

  async #openHccam(network: Network, host: Host): Promise<Hccam> {
    if (this.#hccam !== null) return this.#hccam;
    const { config, env, accelerator, clock, ids, log } = this.#parts;
    const { minerDir, minerId } = config;
    const { networkId } = network;
    const secureProcessor = await this.#openSecureProcessor(network);
    this.#image ??= await this.#openImage(network);
    const from = clock.now();
    const hccam = await startHccam({
      ...{ minerDir, minerId, env, accelerator, networkId, clock, image: this.#image, bootId: ids.uuid() },
      measurements: createMeasurements(host.tpm, (from) => this.#list(from)),
      secureProcessor,
      signal: this.#closing.signal,
    });
    log('info', 'HCCAM runs', {
      bootMs: clock.now() - from,
      launchDigest: hccam.launchDigest,
      image: this.#image.digest,
    });
    this.#hccam = hccam;
    void hccam.ended.then((reason) => {
      log('warn', 'HCCAM ended', { reason: reason.message });
      if (this.#hccam === hccam) this.#hccam = null;
    });
    return hccam;
  }

  /** The list as it is now: a machine outlives the round it was started in. */
  #list(from: number): AsyncIterable<Uint8Array> {
    if (this.#host === null) throw new Error('bug: a list before the host was opened');
    return this.#host.measured.list(from);
  }

  async #openSecureProcessor({ networkKind }: Network): Promise<SecureProcessor> {
    const { config, openSecureProcessor } = this.#parts;
    if (config.platform === 'none' && networkKind !== 'simulated') {
      throw new Error(
        'this host has no SEV-SNP (HCC_MINER_PLATFORM=none), and a production network takes no simulated processor',
      );
    }
    return openSecureProcessor();
  }

  async #openImage({ networkId: id, networkKind: kind }: Network): Promise<HccamImage> {
    const { config, clock, log } = this.#parts;
    const { cacheDir } = config;
    const report = ({ step, detail }: { readonly step: string; readonly detail: string }) =>
      log('info', step, { detail });
    const base = await buildTinyImage({ cacheDir, report });
    const image = await buildHccamImage({ cacheDir, base, network: { id, kind }, report });
    await markUsed(dirname(image.kernelPath), clock.now());
    return image;
  }
}

/** Whether a verifier goes on from where this list ended. */
const isTaken = (tier: EvidenceAnswer['groups']['ima']): boolean => tier === 'affirming' || tier === 'warning';

/** A challenge that waited longer than this while a machine booted is asked for again. */
const freshMs = 2_000;
