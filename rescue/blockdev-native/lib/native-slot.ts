/** One buffer of a pool and the chunk jobs on it: {@link Slot} over a native handle. */
import { checkBytes, checkInteger, checkLengths, checkRange, checkTriples } from './arguments.ts';
import type { Binding, PoolHandle, SlotHandle } from './binding.ts';
import { cancelled, onPath } from './native-failure.ts';
import { NativeFile } from './native-file.ts';
import { NativeHasher } from './native-hasher.ts';
import type { BlockFile, ChunkRead, ChunkResult, FrameSource, Hasher, Slot } from './types.ts';

const MOST_HEADER_BYTES = 1024 * 1024;

/** What a slot needs of its pool. */
export interface SlotOwner {
  readonly handle: PoolHandle;
  readonly frameBytes: number;
  readonly isUsable: boolean;
  takeBack(slot: SlotHandle): void;
  callStarts(): void;
  callEnds(): void;
}

type Frame = { ids: Buffer; problem?: undefined } | { ids?: undefined; problem: string };

export class NativeSlot implements Slot {
  readonly #binding: Binding;
  readonly #owner: SlotOwner;
  readonly #handle: SlotHandle;
  #state: 'idle' | 'busy' | 'released' = 'idle';
  #chunkCount = 0;

  constructor(binding: Binding, owner: SlotOwner, handle: SlotHandle) {
    this.#binding = binding;
    this.#owner = owner;
    this.#handle = handle;
  }

  readChunks(file: BlockFile, what: ChunkRead): Promise<ChunkResult> {
    const on = checkFile(file);
    const { lengths, reads } = what;
    checkLengths('lengths', lengths, this.#owner.frameBytes);
    checkTriples('reads', reads);
    return this.#fill(lengths.length, () =>
      on.use((handle) => this.#binding.readChunks(this.#owner.handle, this.#handle, handle, lengths, reads)),
    );
  }

  loadChunks(bytes: Uint8Array, lengths: Uint32Array): Promise<ChunkResult> {
    checkBytes('bytes', bytes);
    const sum = checkLengths('lengths', lengths, this.#owner.frameBytes);
    if (sum !== bytes.length) throw new RangeError(`lengths add up to ${sum}, not ${bytes.length}`);
    return this.#fill(lengths.length, () =>
      onPath('memory', this.#binding.loadChunks(this.#owner.handle, this.#handle, bytes, lengths)),
    );
  }

  compress(select: Uint8Array, level: number): Promise<{ payloadBytes: number; codec: 'zstd' | 'stored' }> {
    checkBytes('select', select);
    checkInteger('level', level, 1, 19);
    if (select.length !== this.#chunkCount)
      throw new RangeError(`select must have ${this.#chunkCount} elements, not ${select.length}`);
    return this.#fill(0, () =>
      onPath('memory', this.#binding.compress(this.#owner.handle, this.#handle, select, level)),
    );
  }

  writeFrame(file: BlockFile, offset: number, header: Uint8Array, hasher?: Hasher): Promise<void> {
    const on = checkFile(file);
    checkRange(offset, checkBytes('header', header).length + this.#owner.frameBytes);
    if (header.length > MOST_HEADER_BYTES)
      throw new RangeError(`header must have at most ${MOST_HEADER_BYTES} bytes`);
    if (hasher !== undefined && !(hasher instanceof NativeHasher))
      throw new TypeError('hasher must come from createHasher');
    return this.#run(() =>
      on.use((handle) =>
        this.#binding.writeFrame(this.#owner.handle, this.#handle, handle, offset, header, hasher?.handle),
      ),
    );
  }

  readFrame(file: BlockFile, frame: FrameSource): Promise<Frame> {
    const on = checkFile(file);
    const { offset, payloadBytes, codec, lengths } = frame;
    checkRange(offset, payloadBytes);
    checkInteger('payloadBytes', payloadBytes, 1, this.#owner.frameBytes);
    if (!['zstd', 'stored'].includes(codec)) throw new RangeError(`codec must not be ${codec}`);
    const sum = checkLengths('lengths', lengths, this.#owner.frameBytes);
    if (sum === 0) throw new RangeError('lengths must not be empty');
    return this.#fill(lengths.length, () =>
      on.use((handle) =>
        this.#binding.readFrame(
          this.#owner.handle,
          this.#handle,
          handle,
          offset,
          payloadBytes,
          codec === 'stored',
          lengths,
        ),
      ),
    );
  }

  writeChunks(file: BlockFile, writes: Float64Array): Promise<void> {
    const on = checkFile(file);
    checkTriples('writes', writes);
    return this.#run(() =>
      on.use((handle) => this.#binding.writeChunks(this.#owner.handle, this.#handle, handle, writes)),
    );
  }

  hashRange(file: BlockFile, offset: number, length: number): Promise<Buffer> {
    const on = checkFile(file);
    checkRange(offset, length);
    return this.#fill(0, () =>
      on.use((handle) => this.#binding.hashRange(this.#owner.handle, this.#handle, handle, offset, length)),
    );
  }

  bytes(offset: number, length: number): Buffer {
    checkRange(offset, length);
    this.#checkIdle();
    return this.#binding.slotBytes(this.#handle, offset, length);
  }

  release(): void {
    if (this.#state === 'released') return;
    if (this.#state === 'busy' && this.#owner.isUsable)
      throw new Error('a slot with a call under way was released');
    this.#state = 'released';
    this.#owner.takeBack(this.#handle);
  }

  #checkIdle(): void {
    if (!this.#owner.isUsable) throw cancelled('pool', 'slot');
    if (this.#state !== 'idle') throw new Error(`the slot is ${this.#state}`);
  }

  /** A call that puts `chunkCount` chunks into the slot, or none if it fails. */
  #fill<T>(chunkCount: number, call: () => Promise<T>): Promise<T> {
    return this.#run(call, () => (this.#chunkCount = 0)).then((result) => {
      this.#chunkCount = chunkCount;
      return result;
    });
  }

  /** What `call` throws is thrown at once, and leaves the slot as it was. */
  #run<T>(call: () => Promise<T>, onStart?: () => void): Promise<T> {
    if (!this.#owner.isUsable) return Promise.reject(cancelled('pool', 'slot'));
    this.#checkIdle();
    const called = call();
    onStart?.();
    this.#state = 'busy';
    this.#owner.callStarts();
    return this.#settle(called);
  }

  async #settle<T>(called: Promise<T>): Promise<T> {
    try {
      return await called;
    } finally {
      if (this.#state === 'busy') this.#state = 'idle';
      this.#owner.callEnds();
    }
  }
}

function checkFile(file: BlockFile): NativeFile {
  if (!(file instanceof NativeFile)) throw new TypeError('file must come from open');
  return file;
}
