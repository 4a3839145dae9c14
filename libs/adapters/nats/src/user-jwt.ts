import { encodeUser } from '@nats-io/jwt';
import { createUser, fromPublic } from '@nats-io/nkeys';
import { nanos } from '@nats-io/transport-node';
import { isUuid, type UnixMs } from '#domain';
import { answerBytesMax, attestationBytesMax, jetstreamStreams, reportBytesMax, subjects } from '#events';
import { NatsError } from './errors.ts';
import { answerWithinMs, minerSubscriptionsMax } from './limits.ts';
import { nativeKey } from './native-key.ts';
import { type NatsOperator, signingKeyOf } from './operator.ts';
import { minerConsumerName } from './topology.ts';

/** A user's nkey pair as text. The seed stays with its maker. */
export type UserKey = { readonly publicKey: string; readonly seed: string };

/** A new user key, made where it will be used: only its public half travels. */
export const createUserKey = (): UserKey => {
  const seed = new TextDecoder().decode(createUser().getSeed());
  return { publicKey: nativeKey(seed).getPublicKey(), seed };
};

/** The key of a seed that was kept; `null` for anything that is not the seed of a user. */
export const userKeyOf = (seed: string): UserKey | null => {
  if (!seed.startsWith('SU')) return null;
  try {
    return { publicKey: nativeKey(seed).getPublicKey(), seed };
  } catch {
    return null;
  }
};

/** A user's public nkey, checksum included. Refuses anything else, without repeating it: it may be a seed sent by mistake. */
export const parseUserPublicKey = (text: string): string => {
  const wrong = new NatsError('not-a-user-key', 'not a NATS user public key: wanted U and 55 letters and digits');
  if (!/^U[A-Z2-7]{55}$/.test(text)) throw wrong;
  try {
    return fromPublic(text).getPublicKey();
  } catch {
    throw wrong;
  }
};

/** Where answers to a miner's requests arrive. */
export const minerInbox = (minerId: string): string => `_INBOX_${minerId}`;
export const serviceInbox = (role: ServiceRole): string => `_INBOX_${role}`;

/** A miner's credentials: its own subjects, its own inbox, acknowledgements of its own consumer, and answers to calls. */
export const issueMinerJwt = async (
  operator: NatsOperator,
  {
    minerId,
    userPublicKey,
    expiresAt,
  }: { readonly minerId: string; readonly userPublicKey: string; readonly expiresAt: UnixMs },
): Promise<string> => {
  if (!isUuid(minerId)) throw new NatsError('not-a-miner-id', `miner id ${minerId.slice(0, 64)} is not a UUID`);
  const permissions = {
    pub: {
      allow: [
        `report.${minerId}.*`,
        subjects.host(minerId),
        subjects.beat(minerId),
        subjects.ask(minerId, 'sync'),
        subjects.ask(minerId, 'renew'),
        subjects.ask(minerId, 'drain'),
        `attest.${minerId}.*`,
        `guest.${minerId}.*`,
        `$JS.ACK.${jetstreamStreams.work}.${minerConsumerName(minerId)}.>`,
      ],
    },
    sub: {
      allow: [subjects.spec(minerId), subjects.due(minerId), `call.${minerId}.*`, `${minerInbox(minerId)}.>`],
    },
    resp: oneAnswer,
    payload: Math.max(reportBytesMax, answerBytesMax, attestationBytesMax),
    subs: minerSubscriptionsMax,
  };
  return issue(operator, 'miners', `miner ${minerId}`, userPublicKey, permissions, expiresAt);
};

/** `orchestrator` runs the network, `attestor` answers attesters; `observer` reads events as they are published and can send nothing. */
export type ServiceRole = 'orchestrator' | 'attestor' | 'observer';

/** Credentials of one of our own programs. `expiresAt: null` never expires, for a program that holds the operator's keys anyway. */
export const issueServiceJwt = (
  operator: NatsOperator,
  {
    role,
    userPublicKey,
    expiresAt,
  }: { readonly role: ServiceRole; readonly userPublicKey: string; readonly expiresAt: UnixMs | null },
): Promise<string> => issue(operator, 'hcc', role, userPublicKey, servicePermissions[role], expiresAt);

const oneAnswer = { max: 1, ttl: nanos(answerWithinMs) };

const servicePermissions = {
  orchestrator: {
    pub: { allow: [subjects.allEvents, subjects.allWork, 'call.*.*', subjects.appended, '$JS.API.>', '$JS.ACK.>'] },
    sub: {
      allow: [
        subjects.allAsks('sync'),
        subjects.allAsks('renew'),
        subjects.allAsks('drain'),
        subjects.allBeats,
        subjects.allGuests,
        subjects.appended,
        `${serviceInbox('orchestrator')}.>`,
      ],
    },
    resp: oneAnswer,
  },
  attestor: {
    pub: { allow: [subjects.allDue, subjects.appended] },
    sub: { allow: [subjects.allAttest, subjects.appended, `${serviceInbox('attestor')}.>`] },
    resp: oneAnswer,
  },
  // An empty allow list allows everything, so nothing is said by denying all.
  observer: { pub: { deny: ['>'] }, sub: { allow: [subjects.allEvents] } },
} as const;

const issue = (
  operator: NatsOperator,
  account: 'hcc' | 'miners',
  name: string,
  userPublicKey: string,
  permissions: object,
  expiresAt: UnixMs | null,
): Promise<string> =>
  encodeUser(
    name,
    parseUserPublicKey(userPublicKey),
    operator[account].publicKey,
    { ...permissions },
    {
      signer: signingKeyOf(operator, account),
      // Seconds, rounded down: a credential never lives longer than was said.
      ...(expiresAt === null ? {} : { exp: Math.floor(expiresAt / 1_000) }),
    },
  );
