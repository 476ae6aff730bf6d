import type { StreamSocket } from './network.ts';

/** Octets that may wait in the socket; what is more waits here, where the oldest audio can be left out. */
const SOCKET_BYTES = 16 * 1024;
/** Messages other than audio that may wait. */
const MAX_CONTROL = 1_000;

interface Item {
  readonly data: string | Uint8Array;
  readonly isAudio: boolean;
}

/**
 * What goes out over a WebSocket. A peer that takes it slower than it comes holds up nobody: so much audio waits,
 * then the oldest is left out and counted. All else keeps its order and is not left out.
 */
export class OutgoingQueue {
  readonly #socket: StreamSocket;
  readonly #maxAudio: number;
  readonly #onDrop: (dropped: number) => void;
  #items: Item[] = [];
  #audio = 0;
  #dropped = 0;

  /**
   * @param maxAudio packets of audio that may wait here
   * @param onDrop told of the first packet that is left out, and of each hundredth behind it
   */
  constructor(socket: StreamSocket, maxAudio: number, onDrop: (dropped: number) => void) {
    this.#socket = socket;
    this.#maxAudio = maxAudio;
    this.#onDrop = onDrop;
  }

  /** Packets of audio that were left out. */
  get dropped(): number {
    return this.#dropped;
  }

  audio(data: string | Uint8Array): void {
    if (this.#sends(data)) return;
    this.#items.push({ data, isAudio: true });
    if (++this.#audio > this.#maxAudio) this.#drop();
  }

  control(data: string): void {
    if (this.#sends(data)) return;
    this.#items.push({ data, isAudio: false });
    if (this.#items.length - this.#audio <= MAX_CONTROL) return;
    this.#items.splice(
      this.#items.findIndex(({ isAudio }) => !isAudio),
      1,
    );
  }

  /** The socket takes more. */
  drained(): void {
    let sent = 0;
    while (sent < this.#items.length && this.#socket.waitingBytes < SOCKET_BYTES) {
      const { data, isAudio } = this.#items[sent++]!;
      if (isAudio) this.#audio--;
      this.#socket.send(data);
    }
    if (sent > 0) this.#items = this.#items.slice(sent);
  }

  /** Lets go of the audio that waits, sends the rest, and takes nothing more that would wait. */
  finish(): void {
    this.#dropped += this.#audio;
    for (const { data, isAudio } of this.#items) if (!isAudio) this.#socket.send(data);
    this.#items = [];
    this.#audio = 0;
  }

  #sends(data: string | Uint8Array): boolean {
    if (this.#items.length > 0 || this.#socket.waitingBytes >= SOCKET_BYTES) return false;
    this.#socket.send(data);
    return true;
  }

  #drop(): void {
    const oldest = this.#items.findIndex(({ isAudio }) => isAudio);
    this.#items.splice(oldest, 1);
    this.#audio--;
    if (++this.#dropped % 100 === 1) this.#onDrop(this.#dropped);
  }
}
