import { createRandomIds } from '#adapters/system';
import type { Part } from '#edge';
import type { AttesterBus } from '#events';
import type { Accelerator } from '#host';
import type { Given } from '../app.module.ts';
import type { OpenSecureProcessor } from '../processor/secure-processor.ts';
import { type AttestationParts, createAttestation } from './attestation.ts';
import { HostAttester } from './host-attester.ts';
import { measureHost } from './measure-host.ts';

/** Attestation of this host, as a part of its agent. */
export const attestationOf = (
  { config, env, clock, log }: Given,
  here: {
    readonly bus: AttesterBus;
    readonly accelerator: Accelerator;
    readonly openSecureProcessor: OpenSecureProcessor;
    readonly tell: AttestationParts['tell'];
  },
): Part => {
  const { bus, accelerator, openSecureProcessor, tell } = here;
  const attester = new HostAttester({
    ...{ config, env, accelerator, bus, clock, log, ids: createRandomIds() },
    measure: (tpm) => measureHost(config.minerDir, tpm),
    openSecureProcessor,
  });
  return createAttestation({ attester, bus, clock, log, tell });
};
