/** Cloning one file system to one target, and to three at once, beside those who can: seconds. */
import type { Bench } from './race.ts';

/** Clones `source.img`. Wants `used.bin`, the used bytes of it. */
export function clone(bench: Bench, permafrost: string): void {
  const blank = (names: string): string => `for n in ${names}; do rm -f $n; truncate -s 4G $n; done`;
  const ours = (targets: string): string =>
    `${permafrost} clone source.img ${targets} --yes --no-verify >/dev/null 2>&1`;
  const partclone = (target: string): string =>
    `partclone.ext4 -b -s source.img -O ${target} -L log >/dev/null 2>&1; sync ${target}`;
  const dd = (target: string): string =>
    `dd if=used.bin of=${target} bs=4M iflag=direct oflag=direct conv=notrunc,fsync status=none`;
  bench.race('clone to one', [
    { name: 'permafrost --no-verify', before: blank('a.img'), command: ours('a.img') },
    {
      name: 'permafrost, read back',
      before: blank('a.img'),
      command: ours('a.img').replace(' --no-verify', ''),
    },
    { name: 'partclone -b', before: blank('a.img'), command: partclone('a.img') },
    { name: 'dd of the used bytes, direct', before: blank('a.img'), command: dd('a.img') },
  ]);
  const three = ['a.img', 'b.img', 'c.img'];
  bench.race('clone to three', [
    { name: 'permafrost --no-verify', before: blank(three.join(' ')), command: ours(three.join(' ')) },
    {
      name: 'partclone -b, one by one',
      before: blank(three.join(' ')),
      command: three.map(partclone).join('; '),
    },
    {
      name: 'dd of the used bytes, one by one',
      before: blank(three.join(' ')),
      command: three.map(dd).join('; '),
    },
  ]);
  bench.shell(`rm -f ${three.join(' ')}`);
}
