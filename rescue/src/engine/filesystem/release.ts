/** Gives memory back at once: a bitmap of many pieces would fill it faster than the garbage collector notices. */

/** Frees `bytes`, which the caller owns and nobody looks at again; a view of a larger buffer is left alone. */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
