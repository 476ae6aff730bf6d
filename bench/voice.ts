/**
 * Measures the voice detector on synthetic speech in noise and prints the tables of docs/voice-detection.md.
 * `npm run bench:voice`; `-- --tuning` takes the set on which the detector's constants were chosen.
 */
import { decodePcmu } from '../src/media/g711.ts';
import { concat, seededRandom } from '../src/media/test-signals.ts';
import { sensitivityToDbfs } from '../src/media/voice-activity.ts';
import { babble, breath, clicks, hum, music, type Signal, tones, white } from './voice/noises.ts';
import { HELD_OUT, type MaterialSet, TUNING } from './voice/sets.ts';
import { RATE, Speakers } from './voice/speakers.ts';
import {
  judge,
  measureUtterance,
  mixTrial,
  scale,
  segmentsOf,
  type TrialResult,
  type Utterance,
  type Verdict,
} from './voice/trials.ts';

interface Noise {
  readonly name: string;
  readonly signal: Signal;
}

const NOISE_S = 60;
const LEVELS_DBFS = [-10, -20, -30, -40];
const SNRS_DB = [20, 10, 5];
/** The language's default, and one for quiet talkers: thresholds of -37 and -47 dBFS. */
const SENSITIVITY = 44;
const HIGH_SENSITIVITY = 64;

const args = process.argv.slice(2);
const unknown = args.find((arg) => arg !== '--tuning');
if (unknown !== undefined) {
  console.error(`bench:voice: ${unknown} is no option; there is --tuning alone`);
  process.exit(2);
}
await main(args.includes('--tuning') ? TUNING : HELD_OUT);

async function main(set: MaterialSet): Promise<void> {
  const speakers = await Speakers.load();
  const voices = speakers.available(set.speakers);
  const utterances: Utterance[] = [];
  for (const voice of voices)
    for (const text of set.texts) utterances.push(measureUtterance(await speakers.speak(voice, text)));
  const seconds = utterances.reduce((sum, { from, to }) => sum + (to - from) / RATE, 0);
  console.log(
    `Set "${set.name}": ${voices.map(({ engine, voice }) => `${engine} ${voice}`).join(', ')}; ` +
      `${utterances.length} utterances, ${seconds.toFixed(0)} s of speech. ` +
      (speakers.espeakVersion ?? 'espeak-ng is not installed: its voices are left out.'),
  );
  const noises: readonly Noise[] = [
    { name: 'white', signal: white(NOISE_S, set.seed) },
    { name: 'babble', signal: await babble(NOISE_S, set, speakers) },
    { name: 'hum', signal: hum(NOISE_S, set.humHz, set.seed) },
  ];
  printNoises(set, utterances, noises);
  printLevels(set, utterances, noises);
  printSensitivity(set, utterances);
  printNobody(set, noises);
  printCost(set, utterances, noises);
}

function printNoises(set: MaterialSet, utterances: readonly Utterance[], noises: readonly Noise[]): void {
  header('Noise', 'SNR, dB');
  const quiet = white(NOISE_S, set.seed + 5);
  row(
    'line only (-65 dBFS)',
    '',
    LEVELS_DBFS.flatMap((level) => trials(utterances, level, quiet, level + 65, set.seed)),
  );
  for (const { name, signal } of noises)
    for (const snr of SNRS_DB) {
      row(
        name,
        String(snr),
        LEVELS_DBFS.flatMap((level) => trials(utterances, level, signal, snr, set.seed)),
      );
    }
}

function printLevels(set: MaterialSet, utterances: readonly Utterance[], noises: readonly Noise[]): void {
  header('Level of the talker, dBFS', 'Sensitivity');
  for (const level of LEVELS_DBFS) {
    const results = noises
      .filter(({ name }) => name !== 'babble')
      .flatMap(({ signal }) => SNRS_DB.flatMap((snr) => trials(utterances, level, signal, snr, set.seed)));
    row(String(level), String(sensitivityFor(level)), results);
  }
}

/** Talkers around the level that the sensitivity stands for, on a quiet line. */
function printSensitivity(set: MaterialSet, utterances: readonly Utterance[]): void {
  header('Talker against the threshold, dB', 'Sensitivity');
  const line = white(NOISE_S, set.seed + 6);
  for (const above of [6, 3, 0, -3, -6, -9, -12]) {
    const results = [30, SENSITIVITY, 70].flatMap((sensitivity) => {
      const level = sensitivityToDbfs(sensitivity) + above;
      return trials(utterances, level, line, level + 80, set.seed, sensitivity);
    });
    row(String(above), `30, ${SENSITIVITY}, 70`, results);
  }
}

/** Sounds on a line on which nobody talks to us. */
function printNobody(set: MaterialSet, [hiss, voices, mains]: readonly Noise[]): void {
  console.log('\n| Nobody talks | Level, dBFS | Stretches taken for speech in 10 minutes |');
  console.log('| --- | --- | --- |');
  const line = white(NOISE_S, set.seed + 9);
  const sounds: readonly [string, Signal, number][] = [
    ['digital silence', new Float64Array(NOISE_S * RATE), -127],
    ['white noise', hiss!.signal, -60],
    ['white noise', hiss!.signal, -30],
    ['mains hum', mains!.signal, -25],
    ['music on hold', music(NOISE_S, set.seed), -45],
    ['music on hold', music(NOISE_S, set.seed), -38],
    ['music on hold', music(NOISE_S, set.seed), -25],
    ['breath', breath(NOISE_S, set.seed), -35],
    ['breath', breath(NOISE_S, set.seed), -25],
    ['clicks (peak)', clicks(NOISE_S, set.seed), -10],
    ['ringing, 440 and 480 Hz', tones(NOISE_S, [440, 480], 2, 4), -19],
    ['ringing, 400 and 450 Hz', tones(NOISE_S, [400, 450], 0.4, 0.2), -19],
    ['busy, 480 and 620 Hz', tones(NOISE_S, [480, 620], 0.5, 0.5), -19],
    ['busy, 425 Hz', tones(NOISE_S, [425], 0.48, 0.48), -19],
    ['eight voices far off', voices!.signal, -45],
    ['eight voices near', voices!.signal, -30],
  ];
  for (const [name, sound, level] of sounds) {
    const samples = scale(
      level > -100 ? sound.map((sample, n) => sample + line[n]! * 10 ** ((-62 - level) / 20)) : sound,
      level,
    );
    const found = segmentsOf(samples, SENSITIVITY);
    const length = found.reduce((sum, segment) => sum + (segment.end - segment.start) / RATE, 0);
    const share = found.length > 0 ? ` (${((length * 100) / NOISE_S).toFixed(0)} % of the time)` : '';
    console.log(`| ${name} | ${level} | ${found.length * (600 / NOISE_S)}${share} |`);
  }
}

/** Against decoding µ-law, which each sample has to go through anyway: a ratio that travels between machines. */
function printCost(set: MaterialSet, utterances: readonly Utterance[], [, voices]: readonly Noise[]): void {
  const random = seededRandom(set.seed);
  const talk = utterances
    .slice(0, 8)
    .map((utterance) => mixTrial(utterance, -25, white(NOISE_S, 3), 35, random).samples);
  const cases: readonly [string, Int16Array][] = [
    ['talk and pauses', concat(...talk)],
    ['line noise', scale(white(NOISE_S, 4), -60)],
    ['eight voices at -30 dBFS, nobody near', scale(voices!.signal, -30)],
  ];
  console.log('\n| What it hears | ns for a sample | of decoding G.711 |');
  console.log('| --- | --- | --- |');
  for (const [name, samples] of cases) {
    const own = leastNs(samples.length, () => segmentsOf(samples, SENSITIVITY));
    const coded = new Uint8Array(samples.length);
    const decoding = leastNs(samples.length, () => decodePcmu(coded, 0, coded.length, samples.slice(), 0));
    console.log(`| ${name} | ${own.toFixed(1)} | ${(own / decoding).toFixed(1)} times |`);
  }
}

/** The fastest of many runs: what other programs of the machine take does not count. */
function leastNs(samples: number, work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 40; run++) {
    const from = process.hrtime.bigint();
    work();
    least = Math.min(least, Number(process.hrtime.bigint() - from) / samples);
  }
  return least;
}

function trials(
  utterances: readonly Utterance[],
  level: number,
  noise: Signal,
  snr: number,
  seed: number,
  sensitivity = sensitivityFor(level),
): readonly TrialResult[] {
  const random = seededRandom(seed + snr * 31 - level);
  for (let i = 0; i < 8; i++) random();
  return utterances.map((utterance) => judge(mixTrial(utterance, level, noise, snr, random), sensitivity));
}

function sensitivityFor(level: number): number {
  return level < -37 ? HIGH_SENSITIVITY : SENSITIVITY;
}

function header(first: string, second: string): void {
  console.log(`\n| ${first} | ${second} | Start right | known after, ms | End right | off by, ms |`);
  console.log('| --- | --- | --- | --- | --- | --- |');
}

function row(first: string, second: string, results: readonly TrialResult[]): void {
  const starts = results.flatMap(({ startDelayMs }) => startDelayMs ?? []);
  const ends = results.flatMap(({ endDelayMs }) => endDelayMs ?? []);
  const [start, end] = [
    shares(results.map((result) => result.start)),
    shares(results.map((result) => result.end)),
  ];
  console.log(`| ${first} | ${second} | ${start} | ${spread(starts)} | ${end} | ${spread(ends)} |`);
}

/** How many decisions are right, and how the others are wrong. */
function shares(verdicts: readonly Verdict[]): string {
  const share = (verdict: Verdict): string =>
    ((100 * verdicts.filter((each) => each === verdict).length) / verdicts.length).toFixed(0);
  const wrong = (['early', 'late'] as const)
    .filter((verdict) => verdicts.includes(verdict))
    .map((verdict) => `${share(verdict)} ${verdict}`);
  return `${share('right')} %${wrong.length > 0 ? ` (${wrong.join(', ')})` : ''}`;
}

/** Median, and the range of the middle nine tenths. */
function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string =>
    sorted.length > 0 ? sorted[Math.round(share * (sorted.length - 1))]!.toFixed(0) : '-';
  return `${at(0.5)} (${at(0.05)} to ${at(0.95)})`;
}
