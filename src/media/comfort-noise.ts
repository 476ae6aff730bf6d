/**
 * Comfort noise (RFC 3389): what a sender lets us hear in its pauses.
 *
 *     octet 0      noise level, −dBov, 0 to 127
 *     octets 1 …   N1, N2 …: reflection coefficients of its spectrum, k = 258 (N − 127) / 32768
 */

/** 0 dBov is a square wave of full scale (RFC 3389 3.1). */
const OVERLOAD = 32_768;
/** Coefficients beyond these are left out: no sender is known to send more than twelve. */
const MAX_ORDER = 12;

/** Makes the noise of one stream. The same packets give the same samples. */
export class ComfortNoise {
  readonly #reflection = new Float64Array(MAX_ORDER);
  /** The lattice's delayed backward errors. */
  readonly #delayed = new Float64Array(MAX_ORDER + 1);
  #order = 0;
  #amplitude = 0;
  #state = 0x2f6e2b1;

  /**
   * Takes level and spectrum from octets `from` to `end` of a packet.
   * @param shaped whether the spectrum counts: it holds for the rate of the sender's clock alone
   */
  set(bytes: Uint8Array, from: number, end: number, shaped: boolean): void {
    if (from >= end) return;
    const rms = OVERLOAD * 10 ** (-(bytes[from]! & 0x7f) / 20);
    this.#order = shaped ? Math.min(MAX_ORDER, end - from - 1) : 0;
    let gain = 1;
    for (let i = 0; i < this.#order; i++) {
      const k = (258 * (bytes[from + 1 + i]! - 127)) / 32_768;
      // A coefficient of 1 or more would be no stable filter.
      this.#reflection[i] = Math.max(-0.99, Math.min(0.99, k));
      gain *= Math.sqrt(1 - this.#reflection[i]! ** 2);
    }
    // Evenly distributed numbers between −1 and 1 have a level of 1/√3.
    this.#amplitude = rms * Math.sqrt(3) * gain;
  }

  /** Writes `count` samples. */
  generate(dest: Int16Array, offset: number, count: number): void {
    for (let n = 0; n < count; n++) {
      const value = Math.round(this.#shape(this.#amplitude * this.#random()));
      dest[offset + n] = Math.max(-32_768, Math.min(32_767, value));
    }
  }

  /** All-pole lattice (Rabiner and Schafer, Digital Processing of Speech Signals 8.3.3). */
  #shape(excitation: number): number {
    const delayed = this.#delayed;
    let forward = excitation;
    for (let i = this.#order - 1; i >= 0; i--) {
      const k = this.#reflection[i]!;
      forward -= k * delayed[i]!;
      delayed[i + 1] = delayed[i]! + k * forward;
    }
    delayed[0] = forward;
    return forward;
  }

  /** −1 to 1, by xorshift (Marsaglia 2003). */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x / 2 ** 31;
  }
}
