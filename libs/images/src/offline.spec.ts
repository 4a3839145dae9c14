import { expect, test } from 'vitest';
import { ImageError } from './image-error.ts';
import { isOffline } from './offline.fixture.ts';

const failed = (why: string): ImageError => new ImageError('image-build-failed', why);

test.each([
  "Temporary failure resolving 'deb.debian.org'",
  'Could not connect to deb.debian.org:80 (192.0.2.1), connection timed out',
  'connect (101: Network is unreachable)',
])('given apt saying %j / when it is asked why / then there was no network', (why) => {
  expect(isOffline(failed(`apt-get update failed: ${why}`))).toBe(true);
});

test.each([
  failed('the guest agent could not be bundled: Could not resolve "#luks"'),
  failed('the kernel package is not the one that was named'),
  new Error('Network is unreachable'),
])('given %s / when it is asked why / then it is a fault, and no test is skipped for it', (error) => {
  expect(isOffline(error)).toBe(false);
});
