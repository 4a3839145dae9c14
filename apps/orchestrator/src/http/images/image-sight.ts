import { type ImageState, Refusal } from '#domain';
import { maySee, type Principal } from '../auth/principal.ts';

/** Whether somebody may see an image: anybody a public one, a private one its account and those who see all accounts. */
export const maySeeImage = (principal: Principal, image: NonNullable<ImageState>): boolean =>
  image.private === null || maySee(principal, image.private.owner);

/** Refuses `image-not-found` for an image that is not there or not the caller's to see, in the same words. */
export const demandImage = (principal: Principal, image: ImageState, digest: string): NonNullable<ImageState> => {
  if (image !== null && maySeeImage(principal, image)) return image;
  throw new Refusal('image-not-found', `image ${digest} is not registered`);
};
