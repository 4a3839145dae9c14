import { describe, expect, test } from 'vitest';
import { type AgentBundle, bundleAgent } from './bundle-agent.ts';

const textOf = (bundle: AgentBundle): string =>
  [...bundle.values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join('\n');

describe('the guest agent as files', () => {
  test('given the same sources / when they are bundled twice / then every byte is the same', async () => {
    expect(await bundleAgent('simulated')).toEqual(await bundleAgent('simulated'));
  });

  test('given either agent / when it is bundled / then it is small, and has no other language than its own', async () => {
    for (const program of ['hccam', 'guest-boot'] as const) {
      const text = textOf(await bundleAgent('production', program));
      expect(text).toContain('Invalid input: expected');
      expect(text).not.toContain('Ungültige Eingabe');
      expect(text.length).toBeLessThan(900_000);
    }
  });

  test('given a production network / when its agent is bundled / then it holds nothing of the simulated processor', async () => {
    const [production, simulated] = [await bundleAgent('production'), await bundleAgent('simulated')];
    expect([...production.keys()]).toEqual(['main.cjs']);
    expect(textOf(simulated)).toContain('hcc.processor');
    expect(textOf(production)).not.toContain('hcc.processor');
    expect(textOf(production)).not.toContain('createSimulatedProvider = ');
  });
});
