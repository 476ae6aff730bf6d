/** Noises to talk against, each with an RMS of 1, and sounds of a line on which nobody talks. */
import { seededRandom } from '../../src/media/test-signals.ts';
import type { MaterialSet } from './sets.ts';
import { RATE, type Speakers } from './speakers.ts';

/** Real numbers of no particular scale. */
export type Signal = Float64Array;

const CROWD_VOICES = 8;

export function white(seconds: number, seed: number): Signal {
  const normal = normals(seed);
  return unit(Float64Array.from({ length: seconds * RATE }, () => normal()));
}

/** Mains hum with its harmonics, as a bad earth brings it into a line: odd ones louder, a breath of hiss. */
export function hum(seconds: number, baseHz: number, seed: number): Signal {
  const normal = normals(seed);
  const random = seededRandom(seed + 1);
  const partials = Array.from({ length: 24 }, (_, i) => ({
    hz: baseHz * (i + 1),
    gain: (i % 2 === 0 ? 1 : 0.5) / (i + 1),
    phase: 2 * Math.PI * random(),
  }));
  return unit(
    Float64Array.from({ length: seconds * RATE }, (_, n) => {
      const t = n / RATE;
      let sum = 0.02 * normal();
      for (const { hz, gain, phase } of partials) sum += gain * Math.sin(2 * Math.PI * hz * t + phase);
      return sum * (1 + 0.05 * Math.sin(2 * Math.PI * 0.7 * t));
    }),
  );
}

/** Eight people who talk at the same time, somewhere else in the room. */
export async function babble(seconds: number, set: MaterialSet, speakers: Speakers): Promise<Signal> {
  const length = seconds * RATE;
  const sum = new Float64Array(length);
  const crowd = speakers.available(set.crowd);
  for (let voice = 0; voice < CROWD_VOICES; voice++) {
    const random = seededRandom(set.seed + 17 * voice);
    // The first numbers of seeds that are near each other are alike.
    for (let i = 0; i < 8; i++) random();
    const track = new Float64Array(length);
    for (let at = -Math.floor(3 * RATE * random()); at < length; ) {
      const text = set.crowdTexts[Math.floor(random() * set.crowdTexts.length)]!;
      const speech = await speakers.speak(crowd[voice % crowd.length]!, text);
      for (let n = Math.max(0, -at); n < speech.length && at + n < length; n++) track[at + n] = speech[n]!;
      at += speech.length + Math.floor(0.4 * RATE * random());
    }
    const gain = 10 ** ((6 * random() - 3) / 20);
    const level = unit(track);
    for (let n = 0; n < length; n++) sum[n] = sum[n]! + gain * level[n]!;
  }
  return unit(sum);
}

/** Music on hold: chords of decaying, slightly detuned strings over a bass, at 100 beats a minute. */
export function music(seconds: number, seed: number): Signal {
  const random = seededRandom(seed);
  for (let i = 0; i < 8; i++) random();
  const out = new Float64Array(seconds * RATE);
  const beat = Math.round(0.6 * RATE);
  const scale = [0, 2, 4, 5, 7, 9, 11];
  for (let at = 0; at < out.length; at += beat / 2) {
    const isChord = at % beat === 0;
    const notes = isChord ? [-24, -12, 0, 4, 7] : [12];
    const root = scale[Math.floor(random() * scale.length)]!;
    for (const note of notes) {
      const hz = 220 * 2 ** ((note + root) / 12) * (1 + 0.002 * (random() - 0.5));
      const decay = 1 / ((note < 0 ? 0.9 : 0.5) * RATE);
      for (let n = 0; n < 2 * beat && at + n < out.length; n++) {
        const attack = Math.min(1, n / (0.005 * RATE));
        let sample = 0;
        for (let k = 1; k <= 5 && hz * k < 3800; k++)
          sample += Math.sin((2 * Math.PI * hz * k * n) / RATE) / (k * k);
        out[at + n] = out[at + n]! + attack * Math.exp(-n * decay) * sample;
      }
    }
  }
  return unit(out);
}

/** A tone of one or two frequencies that comes and goes, as exchanges send it. RMS 1 while it sounds. */
export function tones(seconds: number, frequenciesHz: readonly number[], onS: number, offS: number): Signal {
  const amplitude = Math.SQRT2 / Math.sqrt(frequenciesHz.length);
  return Float64Array.from({ length: seconds * RATE }, (_, n) => {
    if ((n / RATE) % (onS + offS) >= onS) return 0;
    return frequenciesHz.reduce((sum, hz) => sum + amplitude * Math.sin((2 * Math.PI * hz * n) / RATE), 0);
  });
}

/** Breath at the mouthpiece: soft noise that swells and fades, a second long, each 2.5 s. */
export function breath(seconds: number, seed: number): Signal {
  const normal = normals(seed);
  let low = 0;
  return Float64Array.from({ length: seconds * RATE }, (_, n) => {
    const at = (n % (2.5 * RATE)) / RATE;
    // Air is duller than hiss.
    low += 0.6 * (normal() - low);
    return at < 1 ? 2.2 * low * Math.sin(Math.PI * at) ** 2 : 0;
  });
}

/** Clicks of a bad line or of a keyboard, 1 to 6 ms long, two or three a second. Peaks of 1. */
export function clicks(seconds: number, seed: number): Signal {
  const random = seededRandom(seed);
  const normal = normals(seed + 1);
  const out = new Float64Array(seconds * RATE);
  for (let at = 0; at < out.length; at += Math.round((0.2 + 0.4 * random()) * RATE)) {
    const length = Math.round((0.001 + 0.005 * random()) * RATE);
    for (let n = 0; n < length && at + n < out.length; n++)
      out[at + n] = Math.max(-1, Math.min(1, normal())) * (1 - n / length);
  }
  return out;
}

/** The same signal with an RMS of 1. */
export function unit(signal: Signal): Signal {
  let power = 0;
  for (const sample of signal) power += sample * sample;
  const gain = power > 0 ? 1 / Math.sqrt(power / signal.length) : 0;
  return signal.map((sample) => sample * gain);
}

function normals(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
