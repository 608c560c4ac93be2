/** An incremental BLAKE3: {@link Hasher} over a native handle. */
import { checkBytes } from './arguments.ts';
import type { Binding, HasherHandle } from './binding.ts';
import type { Hasher } from './types.ts';

export class NativeHasher implements Hasher {
  readonly handle: HasherHandle;
  readonly #binding: Binding;

  constructor(binding: Binding) {
    this.#binding = binding;
    this.handle = binding.createHasher();
  }

  update(bytes: Uint8Array): void {
    this.#binding.updateHasher(this.handle, checkBytes('bytes', bytes));
  }

  digest(): Buffer {
    return this.#binding.digestHasher(this.handle);
  }
}
