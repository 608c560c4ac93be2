/** A plan in words: what is read, what is written, what is destroyed, and why it would be refused. */
import type { Plan } from '../engine/index.ts';
import { diskLines, savedByShutdown } from './disk-lines.ts';
import { formatBytes, wrap } from './format.ts';

export function planLines(plan: Plan, width: number): string[] {
  const { summary, disks, job, readBytes, freeBytes, image, digest } = plan;
  const lines = [...wrap(summary, width)];
  if (image !== undefined)
    lines.push(
      `  image ${image.id}, number ${image.sequence}, taken ${image.created.slice(0, 16).replace('T', ' ')} UTC`,
    );
  for (const disk of disks) {
    lines.push('', ...diskLines(disk, width));
    if (job.kind !== 'restore') continue;
    const destroys = disk.destroys ?? [];
    if (destroys.length > 0)
      lines.push('  WILL BE OVERWRITTEN AND LOST on this disk:', ...destroys.map((line) => `    ${line}`));
    for (const { what, offset, bytesHex } of disk.tableWrites ?? [])
      lines.push(`  rewritten for this disk: ${what}, ${bytesHex.length / 2} bytes at ${offset}`);
  }
  lines.push('');
  if (job.kind === 'image') {
    const free = freeBytes === undefined ? '' : `; free where the repository is: ${formatBytes(freeBytes)}`;
    lines.push(`${formatBytes(readBytes)} to read, before deduplication and compression${free}`);
    const saved = disks.flatMap(({ regions }) => regions).reduce((sum, r) => sum + savedByShutdown(r), 0);
    if (saved > 0)
      lines.push(...wrap(`${formatBytes(saved)} less after a clean shutdown: see above what to do`, width));
  } else lines.push(`${formatBytes(plan.writeBytes)} to write`);
  lines.push(`plan ${digest}`);
  return lines;
}
