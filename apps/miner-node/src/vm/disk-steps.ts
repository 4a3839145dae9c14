import type { DesiredSpec } from '#domain';
import { type Boot, diskKindOf } from '../converge/index.ts';
import { failureOf } from '../failure.ts';
import type { NewDisk } from '../ports/hypervisor.ts';
import type { Held, VmParts } from './held.ts';
import { notStarted, save } from './record.ts';

/** Makes the disk that a first boot runs on. */
export const prepareDisk = async (spec: DesiredSpec, boot: Boot, held: Held, parts: VmParts): Promise<void> => {
  const { imageDigest } = spec;
  const { diskBytes } = spec.size;
  const kind = diskKindOf(spec);
  try {
    const image = await parts.images.verify(imageDigest);
    const disk: NewDisk = kind === 'volume' ? { kind } : { kind, image };
    await parts.hypervisor.createDisk(held.vmId, disk, diskBytes);
  } catch (error) {
    return notStarted(boot, failureOf(error, 'disk-not-made'), held, parts);
  }
  await save(held, parts, { disk: { imageDigest, diskBytes, kind } });
};

/** Grows it before the next boot. Repeated after a crash, it finds the disk grown already. */
export const growDisk = async (spec: DesiredSpec, boot: Boot, held: Held, parts: VmParts): Promise<void> => {
  const disk = held.vm?.disk ?? null;
  if (disk === null) return;
  const { diskBytes } = spec.size;
  try {
    await parts.hypervisor.growDisk(held.vmId, diskKindOf(spec), diskBytes);
  } catch (error) {
    return notStarted(boot, failureOf(error, 'disk-not-grown'), held, parts);
  }
  parts.log('info', 'disk grown', { vmId: held.vmId, fromBytes: disk.diskBytes, diskBytes });
  await save(held, parts, { disk: { ...disk, diskBytes } });
};
