import { describe, expect, test } from 'vitest';
import { readConfig } from './config.ts';

const least = {
  HCC_MINER_DIR: 'm',
  HCC_MINER_ID: '11111111-1111-4111-8111-111111111111',
  HCC_API_URL: 'http://127.0.0.1:7070/',
  HCC_CACHE: '/cache',
};

describe('the agent’s environment', () => {
  test('given the least of it / when it is read / then the rest has its defaults, and paths are absolute', () => {
    expect(readConfig(least, '/home/ann')).toEqual({
      minerDir: '/home/ann/m',
      minerId: least.HCC_MINER_ID,
      name: 'miner',
      apiUrl: 'http://127.0.0.1:7070',
      joinTokenFile: null,
      cacheDir: '/cache',
      cacheBytesMax: 4 * 1024 ** 3,
      imageSources: { sources: ['http://127.0.0.1:7070'] },
      offer: {},
      onExit: 'leave',
      logLevel: 'info',
      platform: 'none',
      snpFirmware: null,
      backups: null,
    });
  });

  test('given an offer / when it is read / then it is what was said', () => {
    const env = { ...least, HCC_MINER_VCPUS: '4', HCC_MINER_MEMORY_BYTES: '1024', HCC_MINER_ON_EXIT: 'stop' };
    expect(readConfig(env, '/')).toMatchObject({ offer: { vcpus: 4, memoryBytes: 1024 }, onExit: 'stop' });
  });

  test('given wrong values / when it is read / then every one of them is named, with what was wanted', () => {
    const env = { HCC_MINER_ID: 'm1', HCC_API_URL: 'ftp://x', HCC_MINER_ON_EXIT: 'halt', HCC_MINER_VCPUS: '-1' };
    const read = () => readConfig(env, '/');
    expect(read).toThrow('HCC_MINER_DIR is not set, wanted a directory for this miner alone');
    expect(read).toThrow('HCC_MINER_ID is "m1", wanted the id that');
    expect(read).toThrow('HCC_API_URL is "ftp://x", wanted the http(s) address of the orchestrator');
    expect(read).toThrow('HCC_MINER_VCPUS is "-1", wanted a number of vCPUs');
    expect(read).toThrow('HCC_MINER_ON_EXIT is "halt", wanted leave or stop');
  });
});
