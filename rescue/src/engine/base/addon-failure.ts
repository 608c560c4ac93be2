/** An addon that cannot be loaded, as the engine's error. */
import { AddonError } from 'blockdev-native';
import { PermafrostError } from './errors.ts';

/** `program/addon` if `error` says that the addon cannot be loaded, else undefined. */
export function addonFailure(error: unknown): PermafrostError<'program/addon'> | undefined {
  if (!(error instanceof AddonError)) return undefined;
  return new PermafrostError(
    'program/addon',
    { path: process.execPath, problem: error.message },
    { cause: error },
  );
}
