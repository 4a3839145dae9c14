import { mkdir } from 'node:fs/promises';
import { z } from 'zod';
import { isoTime } from '#events';
import { writeFileDurably } from '#host';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import { isApiProblem } from '../client/problem.ts';
import type { MinerView } from '../client/views.ts';
import { readSmallFile } from '../context.ts';
import { limits } from '../limits.ts';
import type { Home } from './home.ts';
import { sha256Of } from './tokens.ts';

const invitation = z.object({
  minerId: z.uuid(),
  name: z.string(),
  joinTokenSha256: z.string(),
  expiresAt: z.string(),
});
type Invitation = z.infer<typeof invitation>;

export type InvitedMiner = {
  readonly minerId: string;
  readonly name: string;
  readonly dir: string;
  readonly joinTokenFile: string;
  /** The agent's last life we know of, 0 for none: the next one has a higher number. */
  readonly agentEpoch: number;
};

/** Invites the miner of a local cluster, once: a repeat gives the same invitation, so a crash half-way changes nothing.
 *  An invitation that nobody used in time is made anew, under a new id. */
export const ensureInvited = async (home: Home, api: Api, name: string, cli: Cli): Promise<InvitedMiner> => {
  const dir = home.path('miners', name);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const files = {
    invitation: home.path('miners', name, 'invitation.json'),
    token: home.path('miners', name, 'join.token'),
  };
  const kept = await readInvitation(files.invitation);
  const known = kept === null ? null : await minerOrNull(api, kept.minerId);
  const expired = kept !== null && Date.parse(kept.expiresAt) <= cli.clock.now();
  if (kept !== null && known !== null && (known.status !== 'invited' || !expired)) {
    return { minerId: kept.minerId, name, dir, joinTokenFile: files.token, agentEpoch: known.agentEpoch ?? 0 };
  }
  const usable = kept !== null && !expired ? kept : await makeInvitation(files, name, cli);
  const { position } = await api.inviteMiner(usable);
  // Whoever asks for it next must find it: the answer to an invitation is ahead of what is read.
  await api.miner(usable.minerId, position ?? undefined);
  return { minerId: usable.minerId, name, dir, joinTokenFile: files.token, agentEpoch: 0 };
};

/** Whether the agent has attached in a life after the one we knew. */
export const isAttached = (miner: MinerView, before: InvitedMiner): boolean =>
  miner.status === 'attached' && (miner.agentEpoch ?? 0) > before.agentEpoch;

const makeInvitation = async (
  files: { readonly invitation: string; readonly token: string },
  name: string,
  cli: Cli,
): Promise<Invitation> => {
  const joinToken = cli.makes.secret();
  const made: Invitation = {
    minerId: cli.makes.uuid(),
    name,
    joinTokenSha256: sha256Of(joinToken),
    expiresAt: isoTime(cli.clock.now() + limits.invitationMs),
  };
  // The token first: an invitation without its token could never be used, a token without its invitation is only text.
  await writeFileDurably(files.token, `${joinToken}\n`);
  await writeFileDurably(files.invitation, `${JSON.stringify(made)}\n`);
  return made;
};

const readInvitation = async (file: string): Promise<Invitation | null> => {
  const text = await readSmallFile(file);
  return text === null ? null : invitation.parse(JSON.parse(text));
};

const minerOrNull = async (api: Api, minerId: string): Promise<MinerView | null> => {
  try {
    return await api.miner(minerId);
  } catch (error) {
    if (isApiProblem(error) && error.status === 404) return null;
    throw error;
  }
};
