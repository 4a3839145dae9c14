import fastify from 'fastify';
import { openRaw } from './raw-sqlite.ts';

// The program that a command over HTTP is measured against: a route, a JSON body, one durable append.

const [file = ''] = process.argv.slice(2);
const store = openRaw(file);
const app = fastify();

app.post('/append', async (request, reply) => {
  const data = JSON.stringify(request.body);
  const { accountId } = request.body as { readonly accountId: string };
  await store.append(
    {
      stream: `account-${accountId}`,
      eventId: accountId,
      type: 'AccountOpened',
      data,
      recordedAt: '2026-11-21T08:00:00.000Z',
      actor: 'operator:bench',
    },
    -1,
  );
  return reply.status(202).send({ stream: `account-${accountId}`, revision: '0', events: ['AccountOpened'] });
});

const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stderr.write(`${JSON.stringify({ url, msg: 'listening' })}\n`);
process.once('SIGTERM', () => {
  void app.close().then(() => store.close());
});
