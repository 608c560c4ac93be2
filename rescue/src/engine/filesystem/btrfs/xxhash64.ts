/**
 * XXH64 with seed 0, one of the checksums of Btrfs. Follows "xxHash fast digest algorithm", section "XXH64
 * algorithm description". 64-bit values are pairs of 32-bit halves: BigInt would be ten times slower.
 */

/** The primes of the algorithm, high and low halves. */
const P1: Wide = [0x9e3779b1, 0x85ebca87];
const P2: Wide = [0xc2b2ae3d, 0x27d4eb4f];
const P3: Wide = [0x165667b1, 0x9e3779f9];
const P4: Wide = [0x85ebca77, 0xc2b2ae63];
const P5: Wide = [0x27d4eb2f, 0x165667c5];

type Wide = readonly [high: number, low: number];

/** A 64-bit register that is changed in place, so that hashing allocates nothing. */
class Register {
  high = 0;
  low = 0;

  set([high, low]: Wide): this {
    this.high = high | 0;
    this.low = low | 0;
    return this;
  }

  add(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
    this.low = sum | 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high ^= high;
    this.low ^= low;
    return this;
  }

  multiply([high, low]: Wide): this {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const p00 = a0 * b0;
    const p01 = a0 * b1;
    const p10 = a1 * b0;
    // The middle column and its carry stay below 2^34, which a double holds exactly.
    const middle = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
    const carry = a1 * b1 + (p01 >>> 16) + (p10 >>> 16) + (middle >>> 16);
    const top = (carry | 0) + Math.imul(this.high, low) + Math.imul(this.low, high);
    this.low = (p00 & 0xffff) | (middle << 16);
    this.high = top | 0;
    return this;
  }

  /** Rotates left by 1 to 31 bits. */
  rotate(bits: number): this {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
    return this;
  }

  /** x ^= x >> bits, for 1 to 63 bits. */
  xorShifted(bits: number): this {
    const { high, low } = this;
    return bits < 32
      ? this.xor(high >>> bits, (low >>> bits) | (high << (32 - bits)))
      : this.xor(0, high >>> (bits - 32));
  }
}

/** The XXH64 of `bytes`, 8 bytes, little-endian as Btrfs stores it. */
export function xxhash64(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = new Register();
  const lane = new Register();
  /** Multiplies 8 bytes into the scratch register, as every round begins. */
  const round = (at: number): Register => {
    lane.low = view.getInt32(at, true);
    lane.high = view.getInt32(at + 4, true);
    return lane.multiply(P2);
  };
  let at = 0;
  if (bytes.length >= 32) {
    const lanes = [
      new Register().set(P1).add(...P2),
      new Register().set(P2),
      new Register(),
      // Minus the first prime.
      new Register().set([~P1[0], ~P1[1]]).add(0, 1),
    ];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let k = 0; k < 4; k++) {
        const { high, low } = round(at + 8 * k);
        lanes[k]!.add(high, low).rotate(31).multiply(P1);
      }
    }
    lanes.forEach((from, k) => {
      lane.set([from.high, from.low]).rotate([1, 7, 12, 18][k]!);
      hash.add(lane.high, lane.low);
    });
    for (const from of lanes) {
      lane.set([from.high, from.low]).multiply(P2).rotate(31).multiply(P1);
      hash
        .xor(lane.high, lane.low)
        .multiply(P1)
        .add(...P4);
    }
  } else hash.set(P5);
  hash.add(Math.floor(bytes.length / 2 ** 32), bytes.length | 0);
  for (; at + 8 <= bytes.length; at += 8) {
    const { high, low } = round(at).rotate(31).multiply(P1);
    hash
      .xor(high, low)
      .rotate(27)
      .multiply(P1)
      .add(...P4);
  }
  if (at + 4 <= bytes.length) {
    lane.set([0, view.getUint32(at, true)]).multiply(P1);
    hash
      .xor(lane.high, lane.low)
      .rotate(23)
      .multiply(P2)
      .add(...P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    lane.set([0, bytes[at]!]).multiply(P5);
    hash.xor(lane.high, lane.low).rotate(11).multiply(P1);
  }
  hash.xorShifted(33).multiply(P2).xorShifted(29).multiply(P3).xorShifted(32);
  const result = new DataView(new ArrayBuffer(8));
  result.setInt32(0, hash.low, true);
  result.setInt32(4, hash.high, true);
  return new Uint8Array(result.buffer);
}
