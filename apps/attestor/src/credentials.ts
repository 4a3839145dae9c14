import { createUserKey, issueServiceJwt, loadNatsOperator, NatsError } from '#adapters/nats';

/** What this process proves itself with on the bus: a key of its own, made now and forgotten with it. Refuses a directory without operator keys, naming it. */
export const ownCredentials = async (secretsDir: string): Promise<{ readonly jwt: string; readonly seed: string }> => {
  const operator = await loadNatsOperator(secretsDir);
  if (operator === null) {
    throw new NatsError(
      'secrets-unreadable',
      `there are no NATS operator keys in ${secretsDir}; set HCC_NATS_SECRETS_DIR to the directory the NATS server was configured from (\`hcc up\` makes both)`,
      { path: secretsDir },
    );
  }
  const { publicKey, seed } = createUserKey();
  return {
    jwt: await issueServiceJwt(operator, { role: 'attestor', userPublicKey: publicKey, expiresAt: null }),
    seed,
  };
};
