/**
 * Measures the noise filter on synthetic speech in noise and prints the table of docs/denoise.md.
 * `npm run bench:denoise`.
 */
import { NoiseFilter } from '../src/media/noise-filter.ts';
import { babble, hum, type Signal, white } from './voice/noises.ts';
import { HELD_OUT } from './voice/sets.ts';
import { RATE, Speakers } from './voice/speakers.ts';
import { mixTrial, measureUtterance, type Utterance } from './voice/trials.ts';

const LEVEL_DBFS = -20;
const SNRS_DB = [20, 10, 5, 0];
const NOISE_S = 30;
/** After so long the filter knows the noise, s. */
const SETTLED_S = 1.5;

const speakers = await Speakers.load();
const utterances: Utterance[] = [];
for (const voice of speakers.available(HELD_OUT.speakers))
  for (const text of HELD_OUT.texts.slice(0, 2))
    utterances.push(measureUtterance(await speakers.speak(voice, text)));
const noises: readonly { readonly name: string; readonly signal: Signal }[] = [
  { name: 'white', signal: white(NOISE_S, HELD_OUT.seed) },
  { name: 'babble', signal: await babble(NOISE_S, HELD_OUT, speakers) },
  { name: 'hum', signal: hum(NOISE_S, HELD_OUT.humHz, HELD_OUT.seed) },
];

let ms = 0;
let samples = 0;
console.log(
  '| Noise | SNR before, dB | noise alone less by, dB | voice kept, dB | SNR while it speaks, dB |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const { name, signal } of noises)
  for (const snr of SNRS_DB) {
    const sums = { noise: 0, noiseLeft: 0, clean: 0, projected: 0, wrong: 0 };
    for (const utterance of utterances) await measure(utterance, signal, snr, sums);
    const kept = sums.projected / sums.clean;
    const figures = [sums.noise / sums.noiseLeft, kept ** 2, (kept ** 2 * sums.clean) / sums.wrong];
    console.log(`| ${name} | ${snr} | ${figures.map(decibel).join(' | ')} |`);
  }
console.log(`\n${(samples / RATE / (ms / 1000)).toFixed(0)} times real time`);

async function measure(
  utterance: Utterance,
  noise: Signal,
  snr: number,
  sums: { noise: number; noiseLeft: number; clean: number; projected: number; wrong: number },
): Promise<void> {
  // Three seconds of noise alone before the voice, and the same voice without noise.
  const { samples: mixed, from, to } = mixTrial(utterance, LEVEL_DBFS, noise, snr, () => 0.999);
  const { samples: clean } = mixTrial(utterance, LEVEL_DBFS, new Float64Array(1), snr, () => 0.999);
  const filtered = await filter(mixed);
  for (let n = SETTLED_S * RATE; n < from; n++) {
    sums.noise += mixed[n]! ** 2;
    sums.noiseLeft += filtered[n]! ** 2;
  }
  let power = 0;
  let product = 0;
  for (let n = from; n < to; n++) {
    power += clean[n]! ** 2;
    product += clean[n]! * filtered[n]!;
  }
  sums.clean += power;
  sums.projected += product;
  for (let n = from; n < to; n++) sums.wrong += (filtered[n]! - (product / power) * clean[n]!) ** 2;
}

/** Without its delay. */
async function filter(input: Int16Array): Promise<Int16Array> {
  const noiseFilter = await NoiseFilter.create(RATE);
  const output = new Int16Array(input.length);
  const began = performance.now();
  for (let at = 0; at + noiseFilter.frame <= input.length; at += noiseFilter.frame)
    noiseFilter.process(input, at, output, at);
  ms += performance.now() - began;
  samples += input.length;
  noiseFilter.close();
  const shifted = new Int16Array(input.length);
  shifted.set(output.subarray(noiseFilter.delay));
  return shifted;
}

function decibel(ratio: number): string {
  return (10 * Math.log10(ratio)).toFixed(1);
}
