import { type KeyObject, sign } from 'node:crypto';
import { type TpmKey, verifyAzureRuntime } from '#attestation';
import { compileImaPolicy } from '../../libs/attestation/src/ima/compiled-policy.ts';
import { readImaKey } from '../../libs/attestation/src/ima/keys.ts';
import { entryOf, listOf, policyOf, told } from '../../libs/attestation/src/ima/list.fixture.ts';
import { verifyImaList } from '../../libs/attestation/src/ima/verifier.ts';
import { agileLog, legacyLog } from '../attestation/event-log.ts';
import type { SoftwareKey } from '../attestation/software-tpm.ts';

/** GUIDs of a certificate table as they stand in its bytes: the first three parts are little-endian. */
const tableGuids = {
  ark: 'a406b4c003a8524997433fb6014cd0ae',
  ask: '79b3b74aacbbe44fa02f05aef327c782',
  vcek: '8d75da6364e66445adc5f4b93be8accd',
} as const;

/** The certificate table of an extended report: headers up to a zero one, then bodies. */
export const certificateTable = (bodies: Readonly<Record<keyof typeof tableGuids, Uint8Array>>): Uint8Array => {
  let at = 24 * 4;
  const headers = (['vcek', 'ask', 'ark'] as const).map((name) => {
    const header = Buffer.alloc(24);
    header.write(tableGuids[name], 'hex');
    header.writeUInt32LE(at, 16);
    header.writeUInt32LE(bodies[name].length, 20);
    at += bodies[name].length;
    return header;
  });
  return Buffer.concat([...headers, Buffer.alloc(24), bodies.vcek, bodies.ask, bodies.ark]);
};

const boot = [
  { pcr: 0, data: 'firmware' },
  { pcr: 7, data: 'keys' },
] as const;
/** Event logs of both forms. */
export const eventLogs: readonly Uint8Array[] = [agileLog(['sha1', 'sha256', 'sm3'], boot), legacyLog(boot)];

/** Azure's runtime data, read as a report would bind it. */
export const azureRuntime = (ak: TpmKey, publicKey: KeyObject) => ({
  parse: (runtimeData: Uint8Array) => verifyAzureRuntime({ runtimeData, reportData: new Uint8Array(64) }, ak),
  seeds: [Buffer.from(JSON.stringify({ keys: [{ kid: 'HCLAkPub', ...publicKey.export({ format: 'jwk' }) }] }))],
});

/** What stands where a file's signature does, in a list that is judged with both keys in the ring. */
export const imaSignatures = (keys: readonly SoftwareKey[]) => {
  const pem = ({ publicKey }: SoftwareKey) => `${publicKey.export({ format: 'pem', type: 'spki' })}`;
  const policy = compileImaPolicy(policyOf({ signatures: { keys: keys.map(pem), bad: 'refuse' } }));
  const parse = (tail: Uint8Array) =>
    verifyImaList(listOf([entryOf({ path: '/bin/a', template: 'ima-sig', tail })]), told({ policy }));
  const seeds = keys.map((key) => {
    const signature = sign('sha256', Buffer.from('/bin/a'), key.privateKey);
    const head = Buffer.from([3, 2, 4, ...Buffer.from(readImaKey(pem(key)).id, 'hex'), 0, 0]);
    head.writeUInt16BE(signature.length, 7);
    return Buffer.concat([head, signature]);
  });
  return { parse, seeds };
};

/** A key as a list or a policy may bring it: SPKI and PEM. */
export const imaKeys = (keys: readonly SoftwareKey[]): readonly Uint8Array[] =>
  keys.flatMap(({ publicKey }) => [
    publicKey.export({ format: 'der', type: 'spki' }),
    Buffer.from(publicKey.export({ format: 'pem', type: 'spki' })),
  ]);
