import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from './free-port.ts';

test('given the range of ports that outgoing connections take / when a free one is asked for / then it is below that, and can be bound', async () => {
  const [first = ''] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t');
  // A machine may give nearly all its ports to outgoing connections: there is nothing below them then.
  const end = Number(first) > 15_000 ? Number(first) : 65_536;
  const ports = await Promise.all(Array.from({ length: 16 }, () => freePort()));
  for (const port of ports) {
    expect(port).toBeGreaterThan(1_023);
    expect(port).toBeLessThan(end);
  }
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(ports[0], '127.0.0.1', resolve);
  });
});

test('given many that ask one after the other / when none has bound its port yet / then each has one of its own', async () => {
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t')[0]);
  // Where the kernel gives out nearly all ports, there are not as many others.
  const count = first > 20_000 ? 256 : 16;
  const ports = new Set<number>();
  for (let n = 0; n < count; n += 1) ports.add(await freePort());
  expect(ports.size).toBe(count);
});
