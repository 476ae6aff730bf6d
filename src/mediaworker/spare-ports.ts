import { EarlyPackets } from '../rtp/early-packets.ts';
import type { RtpSocket } from '../rtp/sockets.ts';

export interface SparePortsOptions {
  /** How many pairs lie ready, ≥ 1. */
  readonly pairs: number;
  /** @throws Error when none is free */
  readonly open: () => Promise<RtpSocket>;
  /** Any clock, ms. */
  readonly nowMs: () => number;
  /** The main thread may give these to sessions from now on. */
  readonly tell: (rtpPorts: readonly number[]) => void;
  /** Told when not one can be bound at the start. */
  readonly onNone?: (cause: unknown) => void;
}

/** Most pairs that lie ready in one thread: what comes within the time that binding as many takes. */
const MOST_PAIRS = 64;
/** Of all pairs, this part lies ready at most, so that those who look for one are not left without. */
const SHARE = 8;

/** How many pairs each of `threads` may have ready of a range of ports; 0 of a small one. */
export function sparePairs({ min, max }: { readonly min: number; readonly max: number }, threads: number) {
  return Math.min(MOST_PAIRS, Math.floor((max - min + 1) / 2 / SHARE / threads));
}

/**
 * Port pairs that are bound ahead of their sessions. The main thread knows them, so it can answer a call without
 * waiting for this thread; what the party says before the thread knows is kept for the session.
 */
export class SparePorts {
  readonly #options: SparePortsOptions;
  readonly #ready = new Map<number, { readonly socket: RtpSocket; readonly early: EarlyPackets }>();
  #filling = false;
  /** It was tried once, whatever came of it. */
  #tried = false;
  #closed = false;

  constructor(options: SparePortsOptions) {
    this.#options = options;
  }

  /** Binds what is missing, once half is gone. Never rejects: without spare ports sessions look for their own. */
  async fill(): Promise<void> {
    const { pairs, open, tell, onNone } = this.#options;
    if (this.#filling || this.#closed || this.#ready.size > pairs / 2) return;
    this.#filling = true;
    const bound: number[] = [];
    try {
      while (this.#ready.size < pairs) {
        const socket = await open();
        if (this.#closed) {
          socket.close();
          return;
        }
        const early = new EarlyPackets(this.#options.nowMs);
        socket.onPacket = (bytes, address, port, atMs) => early.push(bytes, address, port, atMs);
        this.#ready.set(socket.rtpPort, { socket, early });
        bound.push(socket.rtpPort);
      }
    } catch (cause) {
      // No more to be had: the next session that takes one tries again.
      if (!this.#tried && this.#ready.size === 0) onNone?.(cause);
    } finally {
      this.#tried = true;
      this.#filling = false;
    }
    if (bound.length > 0) tell(bound);
  }

  /**
   * Hands a pair over that was told.
   * @param begin takes the pair; what has come to it follows
   */
  take(rtpPort: number, begin: (socket: RtpSocket) => void): boolean {
    const spare = this.#ready.get(rtpPort);
    if (spare === undefined) return false;
    this.#ready.delete(rtpPort);
    begin(spare.socket);
    spare.early.drain((bytes, address, port, atMs) => spare.socket.onPacket(bytes, address, port, atMs));
    void this.fill();
    return true;
  }

  close(): void {
    this.#closed = true;
    for (const { socket } of this.#ready.values()) socket.close();
    this.#ready.clear();
  }
}
