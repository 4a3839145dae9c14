import { describe, expect, test } from 'vitest';
import { mirrorsIn } from './apt.ts';

describe('this machine’s mirrors', () => {
  test('given what apt would fetch / when its suite is looked for / then its mirrors are named once, and no other suite’s', () => {
    const printed = [
      "'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0 ",
      "'http://mirror.example/debian/dists/bookworm-updates/InRelease' x 0 ",
      "'http://mirror.example/debian-security/dists/bookworm-security/InRelease' x 0 ",
      "'https://node.example/node_20.x/dists/nodistro/InRelease' x 0 ",
      "'http://mirror.example/debian/dists/bookworm/InRelease' again 0 ",
      "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0 ",
    ].join('\n');
    expect(mirrorsIn(printed, 'bookworm')).toEqual(['http://mirror.example/debian/']);
    expect(mirrorsIn('', 'bookworm')).toEqual([]);
  });
});
