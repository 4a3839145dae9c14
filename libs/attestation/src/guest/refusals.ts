import type { RefusalWords } from '../verdict.ts';

const words = (title: string, fix: string, doesNotProve: string): RefusalWords => ({ title, fix, doesNotProve });

const anotherStart = 'That the guest was tampered with: a guest of an earlier boot, asked late, looks the same.';

/** What a person is told about each refusal that only guests get. */
export const guestRefusals = {
  'guest-boot-spec': words(
    'The guest was given another boot spec than the network wrote for this boot',
    'Start the VM anew: its miner hands on the boot spec of its newest desired state, as it came.',
    anotherStart,
  ),
  'guest-boot-reference': words(
    'The boot image of this VM is not in the policy any more',
    'Reboot the VM: it starts with the newest boot image of policy guest-boot. To keep the old one, publish it again.',
    'That the image is bad: an operator took it out of the policy, for whatever reason.',
  ),
  'guest-boot-other': words(
    'The evidence is of another boot than the one that is wanted',
    'Stop what runs of earlier boots; the newest boot answers with its own evidence.',
    anotherStart,
  ),
  'guest-suite-unknown': words(
    'The guest offers a key agreement that is not known here',
    'Start the VM with the network’s newest boot image, whose agent offers X-Wing.',
    'That its key is weak: only that nobody here can seal anything to it.',
  ),
  'guest-suite-classical': words(
    'The guest offers a key agreement that no quantum computer must ever meet',
    'Start the VM with a boot image whose agent offers X-Wing, or publish a policy guest-boot with allowClassical.',
    'That anybody can read the key today.',
  ),
  'guest-key-form': words(
    'The guest’s public key has another length than its suite has',
    'Start the VM with the network’s newest boot image.',
    'That the key was exchanged on its way: the binding says that.',
  ),
  'guest-binding': words(
    'The report does not bind what the guest says',
    'Ask for a challenge, make the report over its nonce and this very key or host key, and send both once.',
    'Which part was exchanged: network, purpose, nonce, VM, generation, boot, suite and key are hashed together.',
  ),
  'guest-chip-unnamed': words(
    'The report does not say which chip it is from',
    'Use a host that signs with its chip’s own key (VCEK) and does not mask the chip id.',
    'That the chip is false: only that nobody can say whose it is.',
  ),
  'guest-chip-other-miner': words(
    'The guest runs on a chip that the miner it was placed on does not hold',
    'Run the VM on its own miner’s machine; after a repair, let the miner attest once so that it holds its new chip.',
    'Who relayed it, or that the other machine is bad: it may be a genuine one.',
  ),
} as const satisfies Readonly<Record<string, RefusalWords>>;

export type GuestRefusalCode = keyof typeof guestRefusals;
