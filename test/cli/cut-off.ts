import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

/** The address of a way to an API that is cut off once it has given so many pages of the log. Gone with the test. */
export const cutOffAfter = async (pagesMax: number, apiUrl: string): Promise<string> => {
  let pages = 0;
  const way = createServer((request, answer) => {
    if (request.url?.startsWith('/v1/events?')) pages += 1;
    if (pages > pagesMax) return answer.destroy();
    void fetch(`${apiUrl}${request.url}`, {
      headers: { authorization: request.headers.authorization ?? '' },
    }).then(async (response) => answer.writeHead(response.status).end(await response.text()));
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => way.close(() => resolve())));
  const address = way.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
};
