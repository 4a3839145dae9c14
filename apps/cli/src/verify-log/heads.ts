import { createPublicKey, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { LogHeadInvalid, logHeadBytesMax, readHeads, type SignedHead } from '#events';
import { badAnswer, usageError } from '../cli-error.ts';
import { readSmallFile } from '../context.ts';

/** The signed heads of a file, checked one by one as they are read. Refuses `heads-missing` and a key that is none. */
export const openHeads = async (file: string, keyFile: string): Promise<AsyncGenerator<SignedHead>> => {
  const key = await publicKey(keyFile);
  if (!(await stat(file).catch(() => null))?.isFile()) {
    throw usageError('heads-missing', `there is no file of signed heads ${file}`, {
      wanted: 'the log-heads.ndjson that the orchestrator keeps',
      fix: 'name it by --heads, or leave the heads out with --no-heads: a removed tail is not seen then',
    });
  }
  return readHeads(linesOf(file), key);
};

/** A file of heads that is damaged, as an answer: heads that cannot be believed are a finding, not a usage error. */
export const headsProblem = (error: unknown, file: string): unknown =>
  error instanceof LogHeadInvalid
    ? badAnswer('heads-invalid', `the signed heads in ${file} cannot be believed`, {
        observed: error.message,
        wanted: 'lines signed by the key, each following the one before',
        fix: 'take them from another copy; with the wrong key every line fails',
      })
    : error;

const publicKey = async (path: string): Promise<KeyObject> => {
  const pem = await readSmallFile(path);
  try {
    const key = pem === null ? null : createPublicKey(pem);
    if (key?.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below, with what is wanted.
  }
  throw usageError('key-malformed', `${path} holds no public key of a network`, {
    observed: pem === null ? 'no such file' : 'something else',
    wanted: 'an Ed25519 public key in PEM: network.pub',
    fix: 'name it by --key',
  });
};

/** Whole lines, bounded. Half a line at the end is one that is being written, or that a crash left. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > logHeadBytesMax) throw new LogHeadInvalid('a line is too long to be a head');
    yield* lines;
  }
}
