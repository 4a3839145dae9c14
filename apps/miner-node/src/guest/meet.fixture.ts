import { expect, onTestFinished } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { BusUnavailable } from '#events';
import type { GuestSaid } from '../ports/hypervisor.ts';
import { type FakeGuest, fakeGuest } from './fake-guest.fixture.ts';
import { createGuestDesk, type GuestDesk, type GuestNetwork } from './guest-desk.ts';
import { openSealedGuest, type SealedGuest } from './sealed-guest.ts';

export const vmId = '11111111-1111-4111-8111-111111111111';
export const bootSpec = '{"kind":"vm","version":1}';
export const sshHostKey = `ssh-ed25519 ${'A'.repeat(68)}`;
export const challenge = {
  ...{ nonce: 'AAAA', expiresAt: 1, networkId: '22222222-2222-4222-8222-222222222222' },
  networkKind: 'simulated',
} as const;
export const askForChallenge = { type: 'ask', exchange: 1, what: 'challenge', body: '{"purpose":"vm-key"}' };
export const askForRelease = {
  ...{ type: 'ask', exchange: 2, what: 'release' },
  body: JSON.stringify({ result: 'a.b.c', guestKey: 'AAAA', nonce: 'AAAA' }),
};
export const askForLeave = {
  ...{ type: 'ask', exchange: 3, what: 'confirm' },
  body: JSON.stringify({
    ...{ result: 'a.b.c', nonce: 'AAAA' },
    boot: { sshHostKey, headerSha256: 'a'.repeat(64), counter: 1 },
  }),
};

type Asked = { readonly what: string; readonly message: unknown };
type Story = {
  readonly guest: FakeGuest;
  readonly host: SealedGuest;
  readonly said: GuestSaid[];
  readonly asked: Asked[];
  readonly logged: string[];
  /** Fulfilled once the guest was said to misbehave so often. */
  misbehaved(times: number): Promise<void>;
};

/** A network that answers as told; by default it gives challenges and signs. */
const networkOf = (asked: Asked[], answer: (what: string) => unknown): GuestNetwork => {
  const noted = async <T>(what: string, message: unknown, value: T): Promise<T> => {
    asked.push({ what, message });
    await answer(what);
    return value;
  };
  return {
    attestation: {
      ask: async (what, message) => {
        await noted(what, message, null);
        return JSON.parse(JSON.stringify(challenge));
      },
    },
    guests: { ask: (what, message) => noted(what, message, { message: 'signed by the network' }) },
    openSecureProcessor: async () => Promise.reject(new BusUnavailable('nobody is there')),
  };
};

/** A guest and its host who have just met. */
export const meet = async ({
  answer = () => undefined,
  desk = createGuestDesk(),
  isConnected = true,
  isReady = false,
  envelope = null,
}: {
  readonly answer?: (what: string) => unknown;
  readonly desk?: GuestDesk;
  readonly isConnected?: boolean;
  readonly isReady?: boolean;
  readonly envelope?: string | null;
} = {}): Promise<Story & { readonly desk: GuestDesk; readonly network: GuestNetwork }> => {
  const guest = await fakeGuest();
  const [said, asked, logged]: [GuestSaid[], Asked[], string[]] = [[], [], []];
  const network = networkOf(asked, answer);
  if (isConnected) desk.connect(network);
  const files = { guestSocket: guest.socketPath, chipSocket: `${guest.socketPath}.none` };
  const arrived = guest.visited();
  const host = openSealedGuest({
    ...{ vmId, pid: process.pid, files, bootSpec, isReady, envelope, desk, clock: createSystemClock() },
    log: (level, message, fields) => logged.push(`${level}: ${message} ${JSON.stringify(fields)}`),
    onSaid: (word) => said.push(word),
  });
  onTestFinished(() => host.close());
  await arrived;
  const misbehaved = (times: number) =>
    expect.poll(() => said.filter(({ kind }) => kind === 'misbehaved').length).toBe(times);
  return {
    guest,
    host,
    said,
    asked,
    logged,
    desk,
    network,
    misbehaved: async (times) => void (await misbehaved(times)),
  };
};
