import { createServer } from 'node:net';

/** A TCP port on 127.0.0.1 that was free a moment ago. Another process may take it before you bind it:
 *  whoever binds must treat "address in use" as a reason to ask for another one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the operating system gave no port'));
      });
    });
  });
}
