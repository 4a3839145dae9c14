import type { RefusalCode } from '#domain';

/** What only the door says no to; everything else is a {@link RefusalCode}. */
export type DoorCode =
  | 'malformed-json'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'malformed-http'
  | 'headers-too-large'
  | 'invalid-request'
  | 'not-recordable'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'concurrency-conflict'
  | 'foreign-position'
  | 'image-digest-mismatch'
  | 'range-unsatisfiable'
  | 'flavor-too-small'
  | 'read-model-behind'
  | 'stream-not-followed'
  | 'at-unreadable'
  | 'at-before-beginning'
  | 'at-in-the-future'
  | 'from-after-to'
  | 'rebuild-running'
  | 'no-rebuild-running'
  | 'store-unavailable'
  | 'bus-unavailable'
  | 'shutting-down'
  | 'unknown-event'
  | 'rate-limited'
  | 'too-many-followers'
  | 'passport-too-large'
  | 'image-key-suite-unknown'
  | 'image-key-sealed-to-other'
  | 'image-key-length'
  | 'image-key-unopened'
  | 'vault-key-unusable'
  | 'internal';

export type ProblemCode = RefusalCode | DoorCode;

type Row = { readonly status: number; readonly title: string };

/** Every code a client may see, with its status and title. Total: a new refusal without a row does not compile. */
export const problems: Readonly<Record<ProblemCode, Row>> = {
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'malformed-http': { status: 400, title: 'This is not HTTP' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'not-recordable': { status: 422, title: 'What was sent cannot be recorded' },
  'invalid-request': { status: 400, title: 'The request does not fit its schema' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'The role of this token does not allow it' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This address does not take that method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'concurrency-conflict': { status: 409, title: 'Others changed it at the same time' },
  'foreign-position': { status: 400, title: 'The position is not of this store' },
  'image-digest-mismatch': { status: 422, title: 'The digest is not that of the manifest' },
  'range-unsatisfiable': { status: 416, title: 'The file has no such bytes' },
  'flavor-too-small': { status: 422, title: 'The flavor is too small for the image' },
  'ssh-key-required': { status: 422, title: 'A VM needs an SSH key' },
  'read-model-behind': { status: 503, title: 'The read model has not come that far' },
  'stream-not-followed': { status: 503, title: 'This server cannot follow it from its first event on' },
  'at-unreadable': { status: 400, title: 'This is neither a time nor a position' },
  'at-before-beginning': { status: 422, title: 'The log begins later' },
  'at-in-the-future': { status: 422, title: 'That has not come yet' },
  'from-after-to': { status: 422, title: 'The beginning is after the end' },
  'rebuild-running': { status: 409, title: 'A rebuild runs already' },
  'no-rebuild-running': { status: 409, title: 'No rebuild runs' },
  'store-unavailable': { status: 503, title: 'The event store cannot do it now' },
  'bus-unavailable': { status: 503, title: 'The bus cannot do it now' },
  'shutting-down': { status: 503, title: 'The server is stopping' },
  'rate-limited': { status: 429, title: 'Too many requests in too short a time' },
  'too-many-followers': { status: 429, title: 'Too many event streams are open' },
  'passport-too-large': { status: 422, title: 'The VM has more history than a passport holds' },
  'unknown-event': { status: 500, title: 'A stored event is of a newer build' },
  internal: { status: 500, title: 'Something broke here' },

  'vm-not-found': { status: 404, title: 'There is no such VM' },
  'vm-exists-with-other-content': { status: 409, title: 'The VM exists with other content' },
  'vm-terminated': { status: 409, title: 'The VM is terminated' },
  'vm-refused': { status: 409, title: 'The VM was refused' },
  'vm-not-placed': { status: 409, title: 'No miner holds the VM' },
  'vm-not-running': { status: 409, title: 'The VM does not run' },
  'vm-already-starting': { status: 409, title: 'The VM starts already' },
  'vm-not-stopped': { status: 409, title: 'The VM is not stopped' },
  'vm-resizing': { status: 409, title: 'The VM is being resized' },
  'disk-never-shrinks': { status: 409, title: 'A disk never shrinks' },
  'disk-never-grows': { status: 409, title: 'A disk with integrity never grows' },
  'stale-generation': { status: 409, title: 'The generation is over' },
  'stale-boot': { status: 409, title: 'The boot is over' },
  'vm-not-sealed': { status: 409, title: 'The disk of the VM is a plain one' },
  'vm-not-wanted': { status: 409, title: 'The VM shall not run' },
  'vm-not-terminated': { status: 409, title: 'The VM is not terminated' },
  'boot-not-current': { status: 409, title: 'This is not the present boot' },
  'boot-over': { status: 409, title: 'The present boot is over' },
  'boot-not-specified': { status: 409, title: 'What the boot may start is not settled yet' },
  'boot-key-other': { status: 409, title: 'The boot has given its key to another guest key' },
  'boot-without-key': { status: 409, title: 'The boot was given no key' },
  'boot-confirmed-otherwise': { status: 409, title: 'The boot has confirmed something else' },
  'appraisal-not-affirming': { status: 409, title: 'The verdict on the guest is not affirming' },
  'appraisal-too-old': { status: 409, title: 'The verdict on the guest is too old' },
  'suite-classical': { status: 422, title: 'The guest asks for its key in a classical suite' },
  'key-destroyed': { status: 409, title: 'The key of the disk is destroyed' },
  'volume-header-other': { status: 409, title: 'The volume has another header' },
  'volume-older': { status: 409, title: 'The volume may be an older copy' },
  'consent-needed': { status: 409, title: 'The owner must consent first' },
  'consent-not-needed': { status: 409, title: 'Nothing waits for that consent' },
  'ssh-host-key-other': { status: 409, title: 'The SSH host key is not the one that was confirmed' },
  'image-not-sealed': { status: 422, title: 'The image cannot be kept from its host' },
  'vm-backing-up': { status: 409, title: 'A backup of the VM is being made' },
  'vm-never-booted': { status: 409, title: 'The VM has no disk yet' },
  'vm-not-restored': { status: 409, title: 'The VM has not opened what was restored' },
  'vm-restoring': { status: 409, title: 'The VM is being restored' },
  'backup-not-found': { status: 404, title: 'There is no such backup' },
  'backup-in-use': { status: 409, title: 'The disk of the VM is to be made from that backup' },
  'backup-not-in-store': { status: 409, title: 'The store of that miner does not have the backup' },
  'backups-die-with-the-key': { status: 409, title: 'The backups of the VM would be unreadable' },
  'miner-lost': { status: 409, title: 'The miner is lost' },
  'no-miner-fits': { status: 409, title: 'No miner can take the VM' },
  'account-not-found': { status: 404, title: 'There is no such account' },
  'account-exists-with-other-content': { status: 409, title: 'The account exists with other content' },
  'insufficient-credits': { status: 402, title: 'Not enough credits' },
  'invalid-amount': { status: 422, title: 'The amount cannot be' },
  'deposit-exists-with-other-content': { status: 409, title: 'The deposit exists with other content' },
  'hold-not-found': { status: 404, title: 'There is no such hold' },
  'hold-exists-with-other-content': { status: 409, title: 'The hold exists with other content' },
  'ssh-key-malformed': { status: 422, title: 'This is not an SSH public key' },
  'ssh-key-unsupported': { status: 422, title: 'SSH keys of this type are not supported' },
  'ssh-key-too-weak': { status: 422, title: 'The SSH key is too weak' },
  'ssh-key-not-found': { status: 404, title: 'There is no such SSH key' },
  'too-many-ssh-keys': { status: 409, title: 'More SSH keys than there may be' },
  'token-exists-with-other-content': { status: 409, title: 'The token exists with other content' },
  'token-not-found': { status: 404, title: 'There is no such token' },
  'too-many-tokens': { status: 409, title: 'The account has the most tokens it may have' },
  'miner-not-found': { status: 404, title: 'There is no such miner' },
  'miner-not-enrolled': { status: 409, title: 'The miner is not enrolled' },
  'miner-exists-with-other-content': { status: 409, title: 'The miner exists with other content' },
  'miner-enrolled-with-other-key': { status: 409, title: 'The miner is enrolled with another key' },
  'drain-deadline-passed': { status: 422, title: 'The deadline of the drain has passed' },
  'join-token-wrong': { status: 401, title: 'The join token is wrong' },
  'join-token-expired': { status: 401, title: 'The join token has expired' },
  'invalid-capacity': { status: 422, title: 'The capacity cannot be' },
  'allocation-exists-with-other-content': { status: 409, title: 'The allocation exists with other content' },
  'image-not-found': { status: 404, title: 'There is no such image' },
  'image-exists-with-other-content': { status: 409, title: 'The image exists with other content' },
  'image-retired': { status: 409, title: 'The image is given to no new VM' },
  'image-private': { status: 403, title: 'The image belongs to another account' },
  'image-not-private': { status: 409, title: 'The image is public' },
  'image-key-absent': { status: 409, title: 'The vault has no key of the image' },
  'image-key-other': { status: 409, title: 'The vault has another key of the image' },
  'image-key-destroyed': { status: 409, title: 'The key of the image is gone' },
  'image-key-suite-unknown': {
    status: 422,
    title: 'The key of the image is sealed in a suite the vault does not open',
  },
  'image-key-sealed-to-other': {
    status: 409,
    title: 'The key of the image is sealed to another key than the vault has',
  },
  'image-key-length': { status: 422, title: 'The key of an image has 64 bytes' },
  'image-key-unopened': { status: 422, title: 'The sealed key of the image does not open' },
  'vault-key-unusable': { status: 503, title: 'The vault cannot use its own key' },
  'flavor-not-found': { status: 404, title: 'There is no such flavor' },
  'flavor-retired': { status: 409, title: 'The flavor is no longer offered' },
  'flavor-exists-with-other-content': { status: 409, title: 'The flavor exists with other content' },
  'invalid-flavor': { status: 422, title: 'The flavor cannot be' },
  'invalid-name': { status: 422, title: 'The name cannot be' },
  'nonce-used': { status: 409, title: 'The challenge was answered already' },
  'nonce-expired': { status: 409, title: 'The challenge has expired' },
  'device-not-found': { status: 404, title: 'There is no such device' },
  'device-not-claimed': { status: 409, title: 'The device counts for no miner' },
  'device-held-by-claimant': { status: 409, title: 'The device counts for that miner already' },
  'device-disputed': { status: 409, title: 'The device is disputed already' },
  'device-not-disputed': { status: 409, title: 'The device is not disputed' },
  'policy-not-found': { status: 404, title: 'There is no such policy' },
  'policy-has-moved': { status: 409, title: 'The policy has a newer version' },
  'network-exists-with-other-content': { status: 409, title: 'The network is another one' },
  'network-root-simulated': { status: 422, title: 'A production network trusts no simulated root' },
  'slashing-not-found': { status: 404, title: 'There is no such proposal' },
  'slashing-decided': { status: 409, title: 'The proposal is decided' },
  'slashing-not-corroborated': { status: 409, title: 'A measurement list alone slashes nobody' },
  'parked-event-not-found': { status: 404, title: 'There is no such parked event' },
  'parked-event-tried-out': { status: 409, title: 'The parked event was tried too often' },
  'too-many-skipped-events': { status: 409, title: 'The consumer skips the most events it may' },
};
