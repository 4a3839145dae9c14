import { createHash } from 'node:crypto';
import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { parseSshPublicKey } from '#domain';
import { HandleAccount } from '../../handling/messages.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted } from '../answer.ts';
import { demandAccount, demandSight, noAccount } from '../auth/principal.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { accountPath, newSshKey, sshKeyPath } from '../schemas/accounts.ts';
import { atLeast, parse } from '../schemas/door.ts';
import type { Stamp } from '../stamp.ts';
import { sshKeyView } from '../views/account.view.ts';

@Controller('v1/accounts/:accountId/ssh-keys')
export class SshKeysController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Post()
  async add(
    @From() caller: Caller,
    @Param() path: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = parse(accountPath, path, 'path');
    demandAccount(caller.principal, accountId);
    const { publicKey } = parse(newSshKey, body, 'body');
    const fingerprint = fingerprintOf(publicKey);
    const command = { type: 'AddSshKey', line: publicKey, fingerprint, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'AddSshKey', accountId);
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/ssh-keys`);
  }

  @Get()
  async list(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { accountId } = parse(accountPath, path, 'path');
    const wanted = parse(z.strictObject(atLeast), query, 'query');
    demandSight(caller.principal, accountId);
    await this.reads.upTo(wanted.atLeast, reply);
    const row = this.reads.rows.account(accountId);
    if (row === null) throw noAccount(accountId);
    return { items: row.sshKeys.map(sshKeyView) };
  }

  @Delete(':fingerprint')
  async remove(@From() caller: Caller, @Param() path: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    const { accountId, fingerprint } = parse(sshKeyPath, path, 'path');
    demandAccount(caller.principal, accountId);
    const command = { type: 'RemoveSshKey', fingerprint, now: this.stamp.now() } as const;
    const meta = this.stamp.change(caller, 'RemoveSshKey', accountId);
    const outcome = await this.commands.execute(new HandleAccount(accountId, command, meta));
    return accepted(reply, outcome, `/v1/accounts/${accountId}/ssh-keys`);
  }
}

/** As OpenSSH prints it: `SHA256:` and the unpadded base64 of the key blob's digest. Refuses what is not a key. */
const fingerprintOf = (line: string): string => {
  const digest = createHash('sha256').update(parseSshPublicKey(line).blob).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
};
