import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { parseSshPublicKey } from '#domain';
import { HandleAccount } from '../../handling/messages.ts';
import { type AccountRow, accounts } from '../../projections/accounts.projection.ts';
import { PAST, READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { demandAccount, demandSight, noAccount } from '../auth/principal.ts';
import { partThen } from '../part-then.ts';
import type { Past } from '../past.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { accountPath, newSshKey, sshKeyPath } from '../schemas/accounts.ts';
import { allOfRow, momentRefusals, readAtQuery } from '../schemas/moments.ts';
import { fingerprintOfBlob } from '../ssh-fingerprint.ts';
import type { Stamp } from '../stamp.ts';
import { sshKeyAnswer, sshKeyView } from '../views/account.view.ts';

const addKey = route({
  method: 'POST',
  path: '/v1/accounts/:accountId/ssh-keys',
  summary: 'Add an SSH public key; new VMs let it in',
  roles: ['operator', 'owner'],
  params: accountPath,
  body: newSshKey,
  answer: commandAnswer,
  refusals: ['account-not-found', 'ssh-key-malformed', 'ssh-key-unsupported', 'ssh-key-too-weak', 'too-many-ssh-keys'],
});

const listKeys = route({
  method: 'GET',
  path: '/v1/accounts/:accountId/ssh-keys',
  summary: 'All SSH keys of an account',
  roles: everyone,
  params: accountPath,
  query: readAtQuery,
  answer: json(allOfRow(sshKeyAnswer)),
  refusals: ['account-not-found', ...momentRefusals],
});

const removeKey = route({
  method: 'DELETE',
  path: '/v1/accounts/:accountId/ssh-keys/:fingerprint',
  summary: 'Remove an SSH key; VMs that have it keep it',
  roles: ['operator', 'owner'],
  params: sshKeyPath,
  answer: commandAnswer,
  refusals: ['account-not-found', 'ssh-key-not-found'],
});

@Controller()
export class SshKeysController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(PAST) private readonly past: Past,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(addKey)
  async add(
    @From() caller: Caller,
    @Asked(addKey) { params: { accountId }, body: { publicKey } }: AskedOf<typeof addKey>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandAccount(caller.principal, accountId);
    const fingerprint = fingerprintOfBlob(parseSshPublicKey(publicKey).blob);
    const command = { type: 'AddSshKey', line: publicKey, fingerprint, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'AddSshKey', accountId);
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/ssh-keys`);
  }

  @Answers(listKeys)
  async list(
    @From() caller: Caller,
    @Asked(listKeys) { params: { accountId }, query }: AskedOf<typeof listKeys>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandSight(caller.principal, accountId);
    if (query.at !== undefined)
      return partThen(this.past, query.at, { projection: accounts, kind: 'account', id: accountId }, itemsOf);
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.account(accountId);
    if (row === null) throw noAccount(accountId);
    return { ...itemsOf(row), stale: this.reads.stale('account', accountId) };
  }

  @Answers(removeKey)
  async remove(
    @From() caller: Caller,
    @Asked(removeKey) { params: { accountId, fingerprint } }: AskedOf<typeof removeKey>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    demandAccount(caller.principal, accountId);
    const command = { type: 'RemoveSshKey', fingerprint, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'RemoveSshKey', accountId);
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/ssh-keys`);
  }
}

const itemsOf = ({ sshKeys }: AccountRow) => ({ items: sshKeys.map(sshKeyView) });
