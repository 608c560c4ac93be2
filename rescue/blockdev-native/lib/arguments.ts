/** Checks of arguments: TypeError for a wrong type, RangeError for a wrong value, the parameter named. */

export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  if (value === '' || value.includes('\0')) throw new RangeError(`${name} must be a path`);
  return value;
}

export function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`);
  return value;
}

/** An integer in [least, most]; the largest safe integer bounds it anyway. */
export function checkInteger(
  name: string,
  value: unknown,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, not ${value}`);
  return value;
}

/** Offset and length of a range whose end is a safe integer too. */
export function checkRange(offset: unknown, length: unknown, mostLength?: number): void {
  const start = checkInteger('offset', offset);
  checkInteger('offset + length', start + checkInteger('length', length, 0, mostLength));
}

export function checkBytes(name: string, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  return value;
}

/** Lengths of chunks: at least one byte each, together at most `most`. Returns their sum. */
export function checkLengths(name: string, value: unknown, most: number): number {
  if (!(value instanceof Uint32Array)) throw new TypeError(`${name} must be a Uint32Array`);
  let sum = 0;
  for (const length of value) sum += checkInteger(`${name}[]`, length, 1, most);
  if (sum > most) throw new RangeError(`${name} add up to ${sum}, more than ${most}`);
  return sum;
}

export function checkTriples(name: string, value: unknown): void {
  if (!(value instanceof Float64Array)) throw new TypeError(`${name} must be a Float64Array`);
  if (value.length % 3 !== 0) throw new RangeError(`${name} must hold triples`);
}
