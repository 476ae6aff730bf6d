/** How far the audio behind a loss in G.722 is from what it would be without, by what the decoder is told of the loss. */
import { G722Decoder, G722Encoder } from '../src/media/g722.ts';
import { RatePath } from '../src/media/rate-path.ts';
import { seededRandom } from '../src/media/test-signals.ts';
import { G722Frames } from '../src/mediaworker/g722-frames.ts';

const RATE = 16_000;
const PACKET = RATE / 50;
/** Packets behind a loss that are looked at: 100 ms. */
const BEHIND = 5;

/** Prints a table. @param utterances at 8 kHz */
export function measureG722(utterances: readonly Int16Array[]): void {
  const wide = utterances.map(atWideRate);
  console.log('\n| Lost | SNR of the 100 ms behind, state left alone, dB | led over the gap, dB |');
  console.log('| --- | --- | --- |');
  for (const burst of [1, 2, 3])
    for (const share of [0.01, 0.03, 0.05]) {
      const figures = [false, true].map((led) => snr(wide, share, burst, led).toFixed(1));
      const name = `${share * 100} %, ${['one by one', 'two in a row', 'three in a row'][burst - 1]}`;
      console.log(`| ${name} | ${figures.join(' | ')} |`);
    }
}

function snr(utterances: readonly Int16Array[], share: number, burst: number, led: boolean): number {
  let error = 0;
  let power = 0;
  const out = new Int16Array(PACKET);
  for (const speech of utterances) {
    const packets = Math.floor(speech.length / PACKET);
    const bytes = new Uint8Array((packets * PACKET) / 2);
    new G722Encoder().encode(speech, 0, packets * PACKET, bytes, 0);
    const intact = new Int16Array(packets * PACKET);
    new G722Decoder().decode(bytes, 0, bytes.length, intact, 0);
    const frames = new G722Frames();
    const random = seededRandom(7);
    let since = Number.POSITIVE_INFINITY;
    for (let packet = 0; packet < packets; packet++, since++) {
      if (packet > 3 && since > BEHIND && random() < share / burst) {
        if (led) frames.lost(burst * PACKET);
        packet += burst - 1;
        since = -1;
        continue;
      }
      frames.decode(bytes, (packet * PACKET) / 2, ((packet + 1) * PACKET) / 2, out);
      if (since >= BEHIND) continue;
      for (let n = 0; n < PACKET; n++) {
        const wanted = intact[packet * PACKET + n]!;
        error += (out[n]! - wanted) ** 2;
        power += wanted ** 2;
      }
    }
  }
  return 10 * Math.log10(power / error);
}

function atWideRate(speech: Int16Array): Int16Array {
  const path = new RatePath(8000, RATE);
  const wide = new Int16Array(path.outputOf(speech.length));
  return wide.subarray(0, path.process(speech, 0, speech.length, wide, 0));
}
