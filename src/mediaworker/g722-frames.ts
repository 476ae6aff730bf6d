import { copySamples } from '../media/copy-samples.ts';
import { FOLLOW_AHEAD, G722Decoder } from '../media/g722.ts';
import { FADE_MS, PitchConcealer } from '../media/pitch-concealment.ts';
import type { FrameDecoder } from './codecs.ts';

const RATE = 16_000;
/** Behind longer losses nothing is known of what was lost, samples. */
const LONGEST = (FADE_MS * RATE) / 1000;

/** Keeps nothing of a stream: for all of the thread. */
let shared: { readonly concealer: PitchConcealer; readonly made: Int16Array } | undefined;
const NO_SAMPLES = new Int16Array(0);

/**
 * G.722, whose decoder is repaired behind a loss: it is led over the gap by what is made up for it, so that it
 * comes nearer to the sender's encoder (the idea of G.722 Appendix IV). Measured in `bench/loss.ts`.
 */
export class G722Frames implements FrameDecoder {
  readonly #decoder = new G722Decoder();
  /** The last samples that were decoded; made with the first loss. */
  #past: Int16Array | undefined;

  decode(bytes: Uint8Array, from: number, to: number, dest: Int16Array): number {
    const count = this.#decoder.decode(bytes, from, to, dest, 0);
    this.#past ??= new Int16Array(tools().concealer.context);
    this.#keep(this.#past, dest, count);
    return count;
  }

  lost(count: number): void {
    const past = this.#past;
    if (past === undefined || count > LONGEST) return;
    const { concealer, made } = tools();
    const whole = count + FOLLOW_AHEAD;
    concealer.conceal(past, past.length, whole, NO_SAMPLES, 0, 0, made);
    this.#decoder.follow(made, count);
    this.#keep(past, made, count);
  }

  close(): void {}

  #keep(past: Int16Array, samples: Int16Array, count: number): void {
    const kept = Math.min(count, past.length);
    past.copyWithin(0, kept);
    copySamples(samples, count - kept, past, past.length - kept, kept);
  }
}

function tools() {
  shared ??= { concealer: new PitchConcealer(RATE), made: new Int16Array(LONGEST + FOLLOW_AHEAD) };
  return shared;
}
