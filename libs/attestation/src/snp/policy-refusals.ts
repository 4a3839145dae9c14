import type { RefusalWords } from '../verdict.ts';

/** What a person is told about each check of a policy on claims that have verified. */
export const policyRefusals = {
  'snp-simulated-root': {
    title: 'The report comes from software that plays a processor',
    fix: 'Use a machine with SEV-SNP; a production network takes nothing else.',
    doesNotProve: 'A simulated report says nothing about confidentiality.',
  },
  'snp-revocation-list': {
    title: 'No revocation list that is in force was there',
    fix: 'Give the verifier the list of the product, and let it fetch a new one in time.',
    doesNotProve: 'It does not say that anything is revoked.',
  },
  'snp-report-version-min': {
    title: 'The report is of an old version',
    fix: 'Update the host firmware.',
    doesNotProve: 'It does not say that the firmware has a known hole.',
  },
  'snp-vek-kind': {
    title: 'The policy takes no report signed by this kind of key',
    fix: 'Let the chip sign by its own VCEK.',
    doesNotProve: 'A VLEK is as genuine, but speaks for a whole fleet.',
  },
  'snp-masked-chip': {
    title: 'The host hides which chip it is',
    fix: 'Turn MASK_CHIP_KEY off on the host.',
    doesNotProve: 'It does not say that the chip is another one.',
  },
  'snp-reported-tcb-floor': {
    title: 'The firmware is older than the policy allows',
    fix: 'Update the host firmware and commit it.',
    doesNotProve: 'That it is new enough does not say that it has no holes.',
  },
  'snp-launch-tcb-floor': {
    title: 'The guest was launched on older firmware than the policy allows',
    fix: 'Start the guest anew on the updated host.',
    doesNotProve: 'The host may be updated by now; the guest is not.',
  },
  'snp-firmware-min': {
    title: 'The committed firmware is older than the policy allows',
    fix: 'Update the host firmware and commit it.',
    doesNotProve: 'It does not say what runs right now.',
  },
  'snp-provisional-firmware': {
    title: 'The running firmware is not committed',
    fix: 'Commit it on the host (SNP_COMMIT), or reboot into what is committed.',
    doesNotProve: 'It does not say that the running firmware is bad.',
  },
  'snp-alias-check': {
    title: 'The firmware has not looked for aliased memory',
    fix: 'Update the host firmware and boot with the check.',
    doesNotProve: 'It does not say that memory is aliased.',
  },
  'snp-ecc': {
    title: 'Memory without error correction',
    fix: 'Turn ECC on in the host.',
    doesNotProve: 'It does not say that memory was disturbed.',
  },
  'snp-mitigations': {
    title: 'Mitigations the policy wants are not in force',
    fix: 'Update the host firmware; start the guest anew where the launch vector is short.',
    doesNotProve: 'It does not say that anybody used the hole.',
  },
  'snp-policy-debug': {
    title: 'The guest lets its host read its memory',
    fix: 'Launch without DEBUG (policy bit 19).',
    doesNotProve: 'It does not say that the host did read it.',
  },
  'snp-policy-migrate-ma': {
    title: 'The guest allows a migration agent',
    fix: 'Launch without MIGRATE_MA (policy bit 18).',
    doesNotProve: 'It does not say that the guest was moved.',
  },
  'snp-migration-agent': {
    title: 'The guest has a migration agent',
    fix: 'Launch without one.',
    doesNotProve: 'It does not say that the guest was moved.',
  },
  'snp-vmpl-max': {
    title: 'The report was asked for from a lower privilege level',
    fix: 'Ask from the level the policy names.',
    doesNotProve: 'It does not say what runs at the levels above.',
  },
  'snp-policy-abi': {
    title: 'The guest does not demand new enough an ABI of its firmware',
    fix: 'Launch with a higher ABI in the guest policy.',
    doesNotProve: 'It does not say that the firmware has an older one.',
  },
  'snp-policy-smt': {
    title: 'The guest allows that its cores are shared',
    fix: 'Launch without SMT in the guest policy (bit 16), on a host without it.',
    doesNotProve: 'It does not say that another guest shared them.',
  },
  'snp-policy-cxl': {
    title: 'The guest allows memory behind CXL',
    fix: 'Launch without CXL_ALLOW (policy bit 21).',
    doesNotProve: 'It does not say that there is such memory.',
  },
  'snp-policy-single-socket': {
    title: 'The guest may span sockets',
    fix: 'Launch with SINGLE_SOCKET (policy bit 20).',
    doesNotProve: 'It does not say that it does.',
  },
  'snp-policy-aes-256-xts': {
    title: 'The guest does not demand AES-256-XTS for its memory',
    fix: 'Launch with MEM_AES_256_XTS (policy bit 22).',
    doesNotProve: 'It does not say that memory is in the clear: it is encrypted either way.',
  },
  'snp-policy-rapl-dis': {
    title: 'The guest allows the host to measure power',
    fix: 'Launch with RAPL_DIS (policy bit 23).',
    doesNotProve: 'It does not say that anybody measured.',
  },
  'snp-policy-ciphertext-hiding': {
    title: 'The guest allows the host to see its ciphertext',
    fix: 'Launch with CIPHERTEXT_HIDING_DRAM (policy bit 24).',
    doesNotProve: 'It does not say that memory is in the clear.',
  },
  'snp-policy-page-swap-disable': {
    title: 'The guest allows the host to move its pages',
    fix: 'Launch with PAGE_SWAP_DISABLE (policy bit 25).',
    doesNotProve: 'It does not say that pages were moved.',
  },
  'snp-guest-svn': {
    title: 'The guest is older than the policy allows',
    fix: 'Start a newer image.',
    doesNotProve: "The number is its maker's word; the measurement says what it is.",
  },
  'snp-family-id': {
    title: 'The guest is of another family',
    fix: 'Start an image the policy names.',
    doesNotProve: "The id is its maker's word; the measurement says what it is.",
  },
  'snp-image-id': {
    title: 'The guest is of another image',
    fix: 'Start an image the policy names.',
    doesNotProve: "The id is its maker's word; the measurement says what it is.",
  },
  'snp-id-key': {
    title: 'The launch was not signed by a key of the policy',
    fix: 'Sign the ID block with a key the policy names.',
    doesNotProve: 'It does not say that the measurement is wrong.',
  },
  'snp-author-key': {
    title: 'No author key of the policy stands behind the launch',
    fix: 'Sign the ID key with an author key the policy names.',
    doesNotProve: 'It does not say that the measurement is wrong.',
  },
  'snp-measurement': {
    title: 'The guest was launched from something else',
    fix: 'Compare firmware, kernel, initrd, command line and vCPUs with what was predicted: `hcc attest measure` says which differs.',
    doesNotProve: 'It does not say that somebody attacked: another version of one file is enough.',
  },
  'snp-host-data': {
    title: 'The guest was launched for something else',
    fix: 'Start it with the boot specification it was given.',
    doesNotProve: 'It does not say what the guest runs.',
  },
  'snp-report-data': {
    title: 'The report answers another question',
    fix: 'Ask for a new report over the nonce that was given.',
    doesNotProve: 'It does not say that the guest is another one: a report of a minute ago looks the same.',
  },
} as const satisfies Readonly<Record<string, RefusalWords>>;
