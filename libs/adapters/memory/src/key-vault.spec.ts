import { randomBytes } from 'node:crypto';
import { describeKeyVault } from '../../../../test/conformance/key-vault.ts';
import { createMemoryKeyVault } from './key-vault.ts';

describeKeyVault('memory', async () => ({ vault: createMemoryKeyVault(randomBytes) }));
