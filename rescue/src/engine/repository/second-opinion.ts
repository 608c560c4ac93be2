/**
 * Loads the portable pool (portable-pool.ts) only when it is asked for: its WebAssembly codecs are most of the
 * program's text. In the executable they are a part of their own, so that plain commands do not parse them.
 */
import { isSea } from 'node:sea';
import { loadPart } from '../base/load-part.ts';
import type { FramePool } from './frame-reader.ts';

/** A pool whose decoder and hash have nothing in common with the addon's. */
export async function secondOpinionPool(): Promise<FramePool> {
  const part = isSea() ? (loadPart('portable-pool') as typeof import('./portable-pool.ts')) : undefined;
  return (part ?? (await import('./portable-pool.ts'))).portablePool();
}
