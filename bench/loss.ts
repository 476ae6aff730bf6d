/**
 * Measures the concealment of lost packets on synthetic speech and prints the tables of docs/packet-loss.md.
 * `npm run bench:loss`.
 */
import { PitchConcealer } from '../src/media/pitch-concealment.ts';
import { seededRandom } from '../src/media/test-signals.ts';
import { measureG722 } from './loss-g722.ts';
import { HELD_OUT } from './voice/sets.ts';
import { RATE, Speakers } from './voice/speakers.ts';

const PACKET = RATE / 50;

interface Sums {
  signal: number;
  silent: number;
  concealed: number;
  lost: number;
  madeUp: number;
  gaps: number;
  ms: number;
}

const speakers = await Speakers.load();
const utterances: Int16Array[] = [];
for (const voice of speakers.available(HELD_OUT.speakers))
  for (const text of HELD_OUT.texts) utterances.push(await speakers.speak(voice, text));

console.log('| Lost | SNR with silence, dB | concealed, dB | energy in the gaps, dB | µs a gap |');
console.log('| --- | --- | --- | --- | --- |');
for (const burst of [1, 2, 3])
  for (const share of [0.01, 0.03, 0.05, 0.1]) {
    const sums: Sums = { signal: 0, silent: 0, concealed: 0, lost: 0, madeUp: 0, gaps: 0, ms: 0 };
    for (const speech of utterances) measure(speech, share, burst, sums);
    const name = `${share * 100} %, ${['one by one', 'two in a row', 'three in a row'][burst - 1]}`;
    const figures = [
      decibel(sums.signal / sums.silent),
      decibel(sums.signal / sums.concealed),
      decibel(sums.madeUp / sums.lost),
      ((1000 * sums.ms) / sums.gaps).toFixed(0),
    ];
    console.log(`| ${name} | ${figures.join(' | ')} |`);
  }

measureG722(utterances);

function measure(speech: Int16Array, share: number, burst: number, sums: Sums): void {
  const concealer = new PitchConcealer(RATE);
  const { context } = concealer;
  const heard = speech.slice();
  const random = seededRandom(7);
  const packets = Math.floor(speech.length / PACKET);
  for (let packet = 3; packet < packets - burst - 3; packet++) {
    if (random() >= share / burst) continue;
    const from = packet * PACKET;
    const gap = burst * PACKET;
    const past = heard.slice(Math.max(0, from - context), from);
    const future = speech.slice(from + gap, from + gap + PACKET);
    const made = new Int16Array(gap);
    const began = performance.now();
    concealer.conceal(past, past.length, gap, future, future.length, 0, made);
    sums.ms += performance.now() - began;
    sums.gaps++;
    heard.set(made, from);
    for (let n = 0; n < gap; n++) {
      sums.lost += speech[from + n]! ** 2;
      sums.silent += speech[from + n]! ** 2;
      sums.madeUp += made[n]! ** 2;
      sums.concealed += (speech[from + n]! - made[n]!) ** 2;
    }
    // The packet behind has come, so that each gap stands for itself.
    packet += burst;
  }
  for (const sample of speech) sums.signal += sample * sample;
}

function decibel(ratio: number): string {
  return (10 * Math.log10(ratio)).toFixed(1);
}
