/**
 * JSON that checks itself: the last member of the top object is `"seal"`, the BLAKE3 of every byte of the file
 * before that member's line. The file ends, exactly, with
 *
 *     \n  "seal": "<64 hex digits>"\n}\n
 */
import { type Said, say } from '../base/remarks.ts';
import { native } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';

const SEAL = /\n {2}"seal": "([0-9a-f]{64})"\n\}\n$/;
const TAIL_BYTES = '\n  "seal": ""\n}\n'.length + 64;

/** `value` as readable JSON with its seal. */
export function encodeSealed(value: object): Buffer {
  const text = JSON.stringify(value, null, 2);
  const body = Buffer.from(`${text.slice(0, -2)},`);
  return Buffer.concat([body, Buffer.from(`\n  "seal": "${native.hash(body).toString('hex')}"\n}\n`)]);
}

/** The value of a sealed file, `seal` left out. Throws `structure/invalid` naming `structure`. */
export function parseSealed(bytes: Buffer, structure: string): Record<string, unknown> {
  const fail = (problem: Said): never => {
    throw new PermafrostError('structure/invalid', { structure, problem });
  };
  const seal = SEAL.exec(bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)).toString('latin1'))?.[1];
  if (seal === undefined) return fail(say('damage/not-sealed'));
  if (native.hash(bytes.subarray(0, bytes.length - TAIL_BYTES)).toString('hex') !== seal)
    return fail(say('damage/changed'));
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return fail(say('damage/no-object'));
    const content = { ...value } as Record<string, unknown>;
    delete content['seal'];
    return content;
  } catch (error) {
    if (error instanceof PermafrostError) throw error;
    return fail(say('damage/no-json'));
  }
}
