/**
 * Measures `detect_machine` on synthetic greetings and prints the tables of docs/detect-machine.md.
 * `npm run bench:machine`.
 */
import { decodePcmu, encodePcmu } from '../src/media/g711.ts';
import { MachineDetector } from '../src/media/machine-detector.ts';
import { add, concat, sine, whiteNoise } from '../src/media/test-signals.ts';
import { HELD_OUT, TUNING } from './voice/sets.ts';
import { RATE, type Speaker, Speakers } from './voice/speakers.ts';
import { measureUtterance } from './voice/trials.ts';

/** What people say, and what their machines do. */
const PEOPLE = [
  'Hello?',
  'Yes?',
  'Hello, Anna speaking.',
  'Good morning.',
  'Smith and sons, hello?',
  'Good afternoon, this is the front desk.',
];
const MACHINES = [
  'Hi, you have reached Anna. I cannot take your call right now, please leave a message after the tone.',
  'The person you are calling is not available. Please record your message after the beep.',
  'Hello! We are closed today. Our office hours are Monday to Friday, from nine to five. Leave a message and we will call you back.',
  'This is the mailbox of five five five, two one three nine.',
];
const LEVEL_DBFS = -20;
/** Ringing is over and nobody speaks yet. */
const BEFORE = silence(700);
const BEHIND = silence(4000);
const BEEP_GAP = silence(300);
const NOISES_DBFS = [-65, -45, -38];
const OUTCOMES = ['HUMAN', 'MACHINE', 'UNKNOWN'] as const;

const speakers = await Speakers.load();
const voices = speakers.available([...TUNING.speakers, ...HELD_OUT.speakers]);

console.log(`${voices.length} voices\n`);
console.log(
  '| Answered by | Noise, dBFS | trials | HUMAN | MACHINE | UNKNOWN | known after the first word, s |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const noise of NOISES_DBFS) {
  await row('a person, one or two words', PEOPLE.slice(0, 4), new Int16Array(0), noise);
  await row('a person, a sentence', PEOPLE.slice(4), new Int16Array(0), noise);
  await row('a machine', MACHINES, concat(BEEP_GAP, sine(4000, 1000, -18)), noise);
}
console.log('\n| Waits for the end | Noise, dBFS | trials | beep heard | off its end by, ms |');
console.log('| --- | --- | --- | --- | --- |');
for (const noise of NOISES_DBFS) await endRow(noise);

async function row(name: string, texts: readonly string[], tail: Int16Array, noise: number): Promise<void> {
  const counts = { HUMAN: 0, MACHINE: 0, UNKNOWN: 0 };
  const delays: number[] = [];
  let trials = 0;
  for (const voice of voices)
    for (const text of texts) {
      const { line } = greeting(await spoken(voice, text), tail, noise);
      const { outcome, ms } = detect(line, false);
      trials++;
      if (outcome in counts) counts[outcome as keyof typeof counts]++;
      delays.push((ms - (BEFORE.length / RATE) * 1000) / 1000);
    }
  const shares = OUTCOMES.map((outcome) => `${Math.round((100 * counts[outcome]) / trials)} %`);
  console.log(`| ${name} | ${noise} | ${trials} | ${shares.join(' | ')} | ${median(delays).toFixed(1)} |`);
}

async function endRow(noise: number): Promise<void> {
  const off: number[] = [];
  let heard = 0;
  let trials = 0;
  for (const voice of voices)
    for (const text of MACHINES) {
      const tail = concat(BEEP_GAP, sine(4000, 1000, -18));
      const { line, end } = greeting(await spoken(voice, text), tail, noise);
      const { beeped, ms } = detect(line, true);
      trials++;
      if (!beeped) continue;
      heard++;
      off.push(ms - (1000 * end) / RATE);
    }
  const share = `${Math.round((100 * heard) / trials)} %`;
  const spread = off.sort((a, b) => a - b);
  const figures = `${median(spread).toFixed(0)} (${spread[0]?.toFixed(0)} to ${spread.at(-1)?.toFixed(0)})`;
  console.log(`| yes | ${noise} | ${trials} | ${share} | ${figures} |`);
}

/** What the caller hears; `end`: where the greeting and its beep end. */
function greeting(speech: Int16Array, tail: Int16Array, noise: number): { line: Int16Array; end: number } {
  const said = concat(BEFORE, speech, tail);
  const line = add(concat(said, BEHIND), whiteNoise(said.length + BEHIND.length, noise, 7));
  const codes = new Uint8Array(line.length);
  encodePcmu(line, 0, line.length, codes, 0);
  decodePcmu(codes, 0, codes.length, line, 0);
  return { line, end: said.length };
}

function detect(
  line: Int16Array,
  detectMessageEnd: boolean,
): { outcome: string; beeped: boolean; ms: number } {
  const timeoutMs = 30_000;
  const detector = new MachineDetector({
    sampleRate: RATE,
    fax: 'CED',
    timeoutMs,
    machine: {
      initialTimeoutMs: 4500,
      endSilenceTimeoutMs: 1000,
      machineReadyTimeoutMs: 1000,
      machineVoiceMs: 1250,
      machineWords: 6,
      detectMessageEnd,
      timeoutMs,
    },
  });
  for (let at = 0; at + 160 <= line.length && detector.outcome === undefined; at += 160)
    detector.observe(line, at, 160);
  return { outcome: detector.outcome ?? 'UNKNOWN', beeped: detector.beeped, ms: detector.elapsedMs };
}

/** Without the silence around it, at the level of a talker on a line. */
async function spoken(voice: Speaker, text: string): Promise<Int16Array> {
  const { samples, from, to, level } = measureUtterance(await speakers.speak(voice, text));
  const gain = (32_768 * 10 ** (LEVEL_DBFS / 20)) / level;
  return samples.slice(from, to).map((sample) => Math.max(-32_768, Math.min(32_767, sample * gain)));
}

function silence(ms: number): Int16Array {
  return new Int16Array((ms * RATE) / 1000);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
