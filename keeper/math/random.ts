/** Seeded pseudo-random numbers: xoshiro128** (Blackman & Vigna 2018), seeded through splitmix32. */
export class Random {
  readonly #state: Uint32Array;
  #spareNormal: number | undefined;

  /** @param stream names an independent sequence of the same seed, so that one user's draws never shift another's. */
  constructor(seed: number, stream = "") {
    let hash = seed >>> 0;
    const splitmix = (): number => {
      hash = (hash + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    // Seeds beyond 32 bits differ too.
    hash = (splitmix() ^ Math.floor(seed / 2 ** 32)) >>> 0;
    for (const character of stream) hash = (splitmix() ^ character.codePointAt(0)!) >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, splitmix);
  }

  /** Uniform in [0, 1), with 53 bits. */
  uniform(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    let x: number;
    let y: number;
    let square: number;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    this.#spareNormal = y * scale;
    return x * scale;
  }

  #next(): number {
    const s = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }
}

function rotateLeft(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}
