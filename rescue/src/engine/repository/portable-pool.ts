/**
 * The second opinion: frames decoded by zstd-codec and hashed by hash-wasm, both WebAssembly and built apart
 * from the addon's libraries, so that a fault of those cannot hide itself. One frame at a time; slow.
 */
import { say } from '../base/remarks.ts';
import type { BlockFile, FrameSource } from 'blockdev-native';
import { createBLAKE3, type IHasher } from 'hash-wasm';
import { ZstdCodec, type ZstdSimple } from 'zstd-codec';
import { ID_BYTES } from './format.ts';
import type { FramePool, FrameSlot } from './frame-reader.ts';

const HASH_STEP_BYTES = 8 * 1024 * 1024;

/** A pool of one slot that needs nothing of the addon but to read files. */
export function portablePool(): FramePool {
  let engines: Promise<{ zstd: ZstdSimple; blake3: IHasher }> | undefined;
  let free: Promise<unknown> = Promise.resolve();
  return {
    acquire() {
      engines ??= loadEngines();
      const before = free;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      free = promise;
      return Promise.all([engines, before]).then(([{ zstd, blake3 }]) =>
        portableSlot(zstd, blake3, () => resolve(undefined)),
      );
    },
  };
}

async function loadEngines(): Promise<{ zstd: ZstdSimple; blake3: IHasher }> {
  const zstd = new Promise<ZstdSimple>((resolve) => {
    ZstdCodec.run((codec) => resolve(new codec.Simple()));
  });
  return { zstd: await zstd, blake3: await createBLAKE3(ID_BYTES * 8) };
}

function portableSlot(zstd: ZstdSimple, blake3: IHasher, release: () => void): FrameSlot {
  let chunks: Uint8Array = new Uint8Array(0);
  const hash = (bytes: Uint8Array): Uint8Array => blake3.init().update(bytes).digest('binary');
  return {
    async readFrame(file: BlockFile, frame: FrameSource) {
      const payload = await file.read(frame.offset, frame.payloadBytes);
      const decoded = frame.codec === 'stored' ? payload : zstd.decompress(payload);
      const total = frame.lengths.reduce((sum, length) => sum + length, 0);
      if (decoded?.length !== total) return { problem: say('lost/payload', { lengthBytes: total }) };
      chunks = decoded;
      const ids = Buffer.alloc(frame.lengths.length * ID_BYTES);
      let at = 0;
      frame.lengths.forEach((length, i) => {
        ids.set(hash(decoded.subarray(at, at + length)), i * ID_BYTES);
        at += length;
      });
      return { ids };
    },
    async hashRange(file: BlockFile, offset: number, length: number) {
      blake3.init();
      for (let at = 0; at < length; at += HASH_STEP_BYTES)
        blake3.update(await file.read(offset + at, Math.min(HASH_STEP_BYTES, length - at)));
      return Buffer.from(blake3.digest('binary'));
    },
    bytes: (offset, length) => Buffer.from(chunks.subarray(offset, offset + length)),
    release,
  };
}
