/** The addon's one door: {@link native}, whose functions load the addon when first called. */
import { checkBytes, checkText } from './arguments.ts';
import type { Binding } from './binding.ts';
import { findAddon, loadAddon } from './load.ts';
import { openFile } from './native-file.ts';
import { onPath } from './native-failure.ts';
import { NativeHasher } from './native-hasher.ts';
import { NativePool } from './native-pool.ts';
import type { NativeModule } from './types.ts';

export { AddonError } from './load.ts';
export type * from './types.ts';

let loaded: Binding | undefined;

function binding(): Binding {
  loaded ??= loadAddon(findAddon());
  return loaded;
}

/** Throws {@link AddonError} from any of its functions where the addon cannot be loaded. */
export const native: NativeModule = {
  open: (path, options) => openFile(binding(), path, options),
  createPool: (options) => new NativePool(binding(), options),
  createHasher: () => new NativeHasher(binding()),
  hash: (bytes) => binding().hash(checkBytes('bytes', bytes)),
  syncDirectory: (path) => onPath(path, binding().syncDirectory(checkText('path', path))),
  versions: () => ({ zstd: binding().zstdVersion, blake3: binding().blake3Version }),
};
