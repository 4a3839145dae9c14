import { describe, expect, test } from 'vitest';
import { InvalidStoreUrl, parseStoreAddress } from './connection-string.ts';

describe('the address of a KurrentDB', () => {
  test.each([
    ['kurrentdb://localhost:2113?tls=false', 'kurrentdb://localhost:2113'],
    ['kurrentdb+discover://cluster.example', 'kurrentdb+discover://cluster.example'],
    ['kurrentdb://a:1,b:2,c:3?tlsVerifyCert=false&tlsCAFile=/etc/ca.pem', 'kurrentdb://a:1,b:2,c:3'],
    ['kdb://user:p%40ss@host:2113?connectionName=hcc', 'kdb://host:2113'],
  ])('%s is shown without credentials and options', (text, shown) => {
    const address = parseStoreAddress(text);
    expect(address.shown).toBe(shown);
    expect(address.connectionString).toBe(text);
    expect(address.redact(`said ${text}`)).not.toContain('p%40ss');
  });

  test('the store it names is ours to know and not the client’s', () => {
    const address = parseStoreAddress('kurrentdb://h:2113?tls=false&store=staging');
    expect(address).toMatchObject({ prefix: 'staging.', connectionString: 'kurrentdb://h:2113?tls=false' });
    expect(parseStoreAddress('kurrentdb://h:2113').prefix).toBe('');
  });

  test.each([
    ['http://host:2113', /wanted kurrentdb:\/\/\[user:password@\]host:2113/],
    ['kurrentdb://', /wanted kurrentdb:/],
    ['kurrentdb://ho st:2113', /"ho st:2113"/],
    ['kurrentdb://h:2113?tsl=false', /has the option "tsl"; wanted one of tls, /],
    ['kurrentdb://h:2113?tls=no', /has the option tls="no"; wanted true or false/],
    ['kurrentdb://h:2113?nodePreference=follower', /wanted leader, or nothing/],
    ['kurrentdb://h:2113?throwOnAppendFailure=false', /wanted true, or nothing/],
    ['kurrentdb://h:2113?keepAliveInterval=5', /at least 10000 ms/],
    ['kurrentdb://h:2113?store=a.b', /lower-case letters and digits/],
  ])('%s is refused, and what is wanted is said', (text, said) => {
    expect(() => parseStoreAddress(text)).toThrow(InvalidStoreUrl);
    expect(() => parseStoreAddress(text)).toThrow(said);
  });

  test.each([
    'kurrentdb://admin:hunter2@h:2113?tls=false',
    'kurrentdb://admin:hunter2@h:2113?tsl=false',
    'kurrentdb://admin:hunter2@@h:2113',
    'kurrentdb://admin:hunter2:x@h:2113',
    'kurrentdb://admin:hunter2@h:2113/path?x',
    'kurrentdb://:hunter2@h:2113',
    'kurrentdb://admin:hunter2%@h:2113',
  ])('%s is refused without repeating the password', (text) => {
    expect(() => parseStoreAddress(text)).toThrow(InvalidStoreUrl);
    expect(() => parseStoreAddress(text)).not.toThrow(/hunter2/);
  });
});
