/** The part of zstd-codec 0.1.5 that is used here; it carries no types of its own. */
declare module 'zstd-codec' {
  export interface ZstdSimple {
    /** The content, or null if `bytes` is no sound Zstandard data. */
    decompress(bytes: Uint8Array): Uint8Array | null;
  }
  export const ZstdCodec: { run(callback: (codec: { Simple: new () => ZstdSimple }) => void): void };
}
