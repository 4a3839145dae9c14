import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Account, Refusal, sshKeysStatus, type Vm, type VmCommand } from '#domain';
import type { EventStore } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import { OWNERSHIP, STAMP, STORE } from '../../tokens.ts';
import { accepted, acceptedAnswer } from '../answer.ts';
import { accountNow, noVm, type Ownership, vmNow } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { vmPath, vmSshKeys } from '../schemas/vms.ts';
import { fingerprintOfKey } from '../ssh-fingerprint.ts';
import type { Stamp } from '../stamp.ts';
import { sshKeysAnswer, sshKeysView } from '../views/vm-ssh-keys.view.ts';

const changeKeys = route({
  method: 'POST',
  path: '/v1/vms/:vmId/ssh-keys',
  summary:
    'Change which SSH keys a VM lets in, in the guest that runs where it can be told, else from the next boot on',
  roles: ['operator', 'owner'],
  params: vmPath,
  body: vmSshKeys,
  answer: json(acceptedAnswer.extend({ sshKeys: sshKeysAnswer }), [202, 200]),
  refusals: [
    'vm-not-found',
    'vm-refused',
    'vm-terminated',
    'ssh-key-not-found',
    'ssh-key-required',
    'too-many-ssh-keys',
  ],
});

@Controller()
export class VmSshKeysController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(changeKeys)
  async change(
    @From() caller: Caller,
    @Asked(changeKeys) { params: { vmId }, body }: AskedOf<typeof changeKeys>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    const vm = await vmNow(this.store, vmId);
    if (vm === null) throw noVm(vmId);
    const find = keyFinder(vm, (await accountNow(this.store, vm.accountId)) ?? { sshKeys: new Map() });
    const command: VmCommand = {
      type: 'ChangeVmSshKeys',
      set: body.set?.map(find) ?? null,
      add: body.add.map(find),
      remove: body.remove.map(find),
      now: this.stamp.now(),
    };
    const meta = this.stamp.change(caller, 'ChangeVmSshKeys', vmId);
    const outcome = await this.commands.execute(new HandleVm(vmId, command, meta));
    // What is answered about the keys is folded after the change, from the same stream.
    const changed = (await vmNow(this.store, vmId)) ?? vm;
    return { ...accepted(reply, outcome, `/v1/vms/${vmId}`), sshKeys: sshKeysView(changed, sshKeysStatus(changed)) };
  }
}

/** The key behind a fingerprint: one the VM lets in, or one of its account. */
const keyFinder = (vm: Vm, account: Pick<Account, 'sshKeys'>): ((fingerprint: string) => string) => {
  const own = new Map(vm.sshPublicKeys.map((key) => [fingerprintOfKey(key), key]));
  return (fingerprint) => {
    const key = own.get(fingerprint) ?? account.sshKeys.get(fingerprint);
    if (key !== undefined) return key;
    throw new Refusal(
      'ssh-key-not-found',
      `neither VM ${vm.vmId} nor its account has an SSH key ${fingerprint}; add it to the account first: \`hcc key add\``,
    );
  };
};
