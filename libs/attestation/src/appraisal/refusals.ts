import type { RefusalWords } from '../verdict.ts';

const words = (title: string, fix: string, doesNotProve: string): RefusalWords => ({ title, fix, doesNotProve });

const anotherRequest = 'That anybody lied: an agent that answers an old request looks the same.';
const noEvidence = 'That the machine is bad, or good: there is nothing to judge.';

/** What a person is told about each refusal that an appraisal adds to those of its anchors. */
export const appraisalRefusals = {
  'evidence-too-large': words(
    'The evidence is too large',
    'Send the measurement list ahead, in parts, and only the entries that were asked for.',
    noEvidence,
  ),
  'evidence-malformed': words(
    'The evidence is not in a form that is read here',
    'Run an agent of this network’s release; the member that is wrong is named.',
    'That the machine is bad: an agent of another release looks the same.',
  ),
  'hardware-missing': words(
    'There is no report of a secure processor',
    'Run the system VM on a machine with SEV-SNP, or on a simulated network with its simulated processor.',
    noEvidence,
  ),
  'hardware-simulated-on-production': words(
    'A simulated processor on a production network',
    'Run the system VM on a machine with SEV-SNP.',
    'Anything about the machine: software can sign whatever it likes.',
  ),
  'launch-missing': words(
    'Nothing is known of how the system VM was started',
    'See the refusals of its report first: a launch is read out of a report that verified.',
    noEvidence,
  ),
  'launch-boot-spec': words(
    'The boot spec is not one of this network for this attester',
    'Start the system VM anew: its boot spec is written by the miner for its own network and id, in canonical JSON.',
    'That the VM is another: only that its spec says so.',
  ),
  'tpm-missing': words(
    'There is no TPM quote',
    'Give the miner its TPM (or swtpm on a simulated network) and enrol its key.',
    noEvidence,
  ),
  'tpm-ak-form': words(
    'The attestation key cannot be read',
    'Send the public area as the TPM gives it: TPMT_PUBLIC or TPM2B_PUBLIC.',
    'That the quote is forged: it was not looked at.',
  ),
  'tpm-ak-enrolled': words(
    'The quote is by another key than the one that was enrolled',
    'Enrol the key again by credential activation. After a TPM was cleared or replaced, its old claim must be released first.',
    'That the TPM is bad: a new key of the same TPM looks the same until it is enrolled.',
  ),
  'tpm-simulated': words(
    'The TPM is software',
    'Use the machine’s own TPM, or a policy for simulated networks.',
    'That the quote is forged: whoever runs the software holds its keys, that is all.',
  ),
  'tpm-pcr-reference': words(
    'A register has a value that no reference value allows',
    'If the machine’s firmware was updated, publish the new value; else find out what was started.',
    'That the firmware is malicious: an update, or another boot order, looks the same.',
  ),
  'ima-missing': words(
    'There is no measurement list',
    'Boot the host with an IMA policy, or let the miner measure its own files on a simulated network.',
    noEvidence,
  ),
  'ima-delivery': words(
    'The measurement list that arrived is not the one that was bound',
    'Send all parts in order before the evidence, within the time of the nonce.',
    'That entries were hidden: a lost part looks the same.',
  ),
  'ima-no-quote': words(
    'No quote vouches for the measurement list',
    'See the refusals of the quote first: without it a list is only text.',
    'That the list is false: it was not looked at.',
  ),
  'ima-agent-unknown': words(
    'The agent says it is a version that no reference value knows',
    'Publish the new release’s digests before it is installed, or install a published one.',
    'That the agent was tampered with: a release that is ahead of the policy looks the same.',
  ),
  'ima-agent-files': words(
    'Files of the agent’s release were not measured',
    'Restart the machine (on a simulated network: the miner), so that the files are measured when they are loaded.',
    'That other files run in their place: a policy of IMA that leaves them out looks the same.',
  ),
  'ima-agent-changed': words(
    'Files of the agent are not those of any release',
    'Install the release again and restart. A list never forgets: only a restart begins a new one.',
    'That the change is harmful, or that the changed file still runs.',
  ),
  'identity-attester': words(
    'The evidence is about another attester',
    'Send evidence on the attester’s own subject only.',
    anotherRequest,
  ),
  'identity-nonce': words(
    'The evidence answers another challenge',
    'Ask for a challenge and answer that one, once, before it expires.',
    anotherRequest,
  ),
  'identity-binding': words(
    'The report does not bind this evidence',
    'Quote first, then ask the processor for a report over nonce, quote, list, key and agent version of this very round.',
    'Which part was exchanged: nonce, attester, network, boot, quote, list, key and version are hashed together.',
  ),
  'identity-no-report': words(
    'No report that verified binds this evidence to anything',
    'See the refusals of the report first.',
    noEvidence,
  ),
  'identity-chip-not-looked-up': words(
    'Nobody looked up whose chip this is',
    'Look up the holder of the chip that the report names, and judge again.',
    'That the chip is claimed by somebody else.',
  ),
  'chip-claimed-by-another-miner': words(
    'The chip belongs to another miner',
    'Release the chip at the miner that holds it, or transfer or dispute the claim.',
    'Which of the two has the chip: evidence can be relayed.',
  ),
  'identity-tpm-not-looked-up': words(
    'Nobody looked up whose TPM this is',
    'Look up the holder of the enrolled TPM, and judge again.',
    'That the TPM is claimed by somebody else.',
  ),
  'tpm-claimed-by-another-miner': words(
    'The TPM belongs to another miner',
    'Release the TPM at the miner that holds it, or transfer or dispute the claim.',
    'Which of the two has the TPM: quotes can be relayed.',
  ),
} as const satisfies Readonly<Record<string, RefusalWords>>;

export type AppraisalRefusalCode = keyof typeof appraisalRefusals;
