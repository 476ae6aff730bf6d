/** As many as a second and a half of packets of 20 ms. */
const MAX_PACKETS = 75;
/** What is older belongs to somebody who had the port before, ms. */
const MAX_AGE_MS = 1500;

interface EarlyPacket {
  readonly bytes: Uint8Array;
  readonly address: string;
  readonly port: number;
  readonly atMs: number;
}

/** Packets that come before there is anything to take them: a party speaks as soon as it is answered. */
export class EarlyPackets {
  readonly #nowMs: () => number;
  #packets: EarlyPacket[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Keeps a copy; of too many, the newest. @param atMs when it came, by the clock of `nowMs` */
  push(bytes: Uint8Array, address: string, port: number, atMs = this.#nowMs()): void {
    if (this.#packets.length === MAX_PACKETS) this.#packets.shift();
    this.#packets.push({ bytes: bytes.slice(), address, port, atMs });
  }

  /** Hands those over that are not old, in order, and forgets them all. @param sinceMs what is older is, too */
  drain(
    take: (bytes: Uint8Array, address: string, port: number, atMs: number) => void,
    sinceMs = Number.NEGATIVE_INFINITY,
  ): void {
    const oldest = Math.max(sinceMs, this.#nowMs() - MAX_AGE_MS);
    for (const { bytes, address, port, atMs } of this.#packets.splice(0)) {
      if (atMs >= oldest) take(bytes, address, port, atMs);
    }
  }
}
