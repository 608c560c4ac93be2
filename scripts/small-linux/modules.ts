/** The drivers of the small Linux: every bus that a disk can move to, and the file systems that its root can be on. */
import { initramfsModules } from '../iso/module-lists.ts';
import type { ModuleChoice } from '../iso/module-closure.ts';

export const smallLinuxModules: ModuleChoice = {
  take: [
    ...initramfsModules.take,
    // Checksums of ext4 and Btrfs; nothing says that these need them.
    'kernel/arch/x86/crypto/crc32c-intel',
    'kernel/crypto/crc32c_generic',
    'kernel/crypto/xxhash_generic',
    'kernel/drivers/md/dm-mod',
    'kernel/fs/btrfs/',
    'kernel/fs/ext4/',
    'kernel/fs/fat/',
    'kernel/fs/nls/nls_ascii',
    'kernel/fs/nls/nls_cp437',
    'kernel/fs/nls/nls_utf8',
    'kernel/fs/ntfs3/',
  ],
  leave: [...initramfsModules.leave],
};
