/** Planning a check of images: which ones, and how much must be read for it. */
import { Repository } from '../repository/repository.ts';
import type { VerifyJob } from './job.ts';
import type { Plan } from './plan.ts';
import { sealPlan } from './plan-parts.ts';
import { describeImage, selectImage } from './select-image.ts';

/** What `job` would do; it writes nothing to anything. Throws what makes it impossible. */
export async function planVerify(job: VerifyJob): Promise<Plan> {
  const repository = await Repository.open(job.repository);
  try {
    const how = job.independent === true ? ' with a second, independent decoder' : '';
    const base = { job, disks: [], writeBytes: 0, refusals: [] };
    if (job.image !== undefined) {
      const { image, machine, ofDisk } = job;
      const found = await selectImage(repository, {
        image,
        ...(machine === undefined ? {} : { machine }),
        ...(ofDisk === undefined ? {} : { ofDisk }),
      });
      const regions = found.disks.flatMap((disk) => disk.regions);
      const { id, name, created, sequence } = found;
      return sealPlan({
        ...base,
        summary: `Check image ${describeImage(found)}${how}.`,
        readBytes: regions.reduce((sum, { sums }) => sum + sums.dataBytes, 0),
        warnings: [],
        image: { id, name, created, sequence },
      });
    }
    const { packs, damaged } = await repository.loadPacks();
    const { images } = await repository.listImages();
    return sealPlan({
      ...base,
      summary: `Check everything in ${job.repository}: ${images.length} ${images.length === 1 ? 'image' : 'images'} in ${packs.length + damaged.length} packs${how}.`,
      readBytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      warnings: [],
    });
  } finally {
    await repository.close();
  }
}
