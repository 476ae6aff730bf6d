/**
 * Measures the detector of in-band keys against the limits of ITU-T Q.24, and on talk that it must not take for
 * keys, and prints the tables of docs/dtmf.md. `npm run bench:dtmf`; `-- --minutes 60` is how much it talks.
 */
import { DtmfDetector } from '../src/media/dtmf-detector.ts';
import { seededRandom } from '../src/media/test-signals.ts';
import { type Acceptance, accept, keysIn, pausesFound, type Press, RATE } from './dtmf/trials.ts';
import { randomTalk, TALKERS } from './dtmf/talk.ts';
import { music } from './voice/noises.ts';
import { Speakers } from './voice/speakers.ts';
import { scale } from './voice/trials.ts';

/** Presses of each key in one row. */
const TIMES = 10;
const MUSIC_MINUTES = 10;

const args = process.argv.slice(2);
const minutes = args.length === 2 && args[0] === '--minutes' ? Number(args[1]) : args.length === 0 ? 60 : -1;
if (!(minutes >= 0 && minutes <= 600)) {
  console.error('bench:dtmf: the one option is --minutes, 0 to 600 (default 60)');
  process.exit(2);
}
printAcceptance();
printPauses();
await printTalkOff(minutes);

function printAcceptance(): void {
  console.log('| What varies | | Right | Start off by, ms | End off by, ms |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const toneMs of [20, 23, 28, 33, 40, 50, 100])
    row('length of the tone, ms', String(toneMs), { toneMs });
  for (const level of [-4, -10, -20, -30, -36, -38, -40, -45])
    row('level of each tone, dBFS', String(level), { lowDbfs: level, highDbfs: level, noiseDbfs: -75 });
  for (const twist of [-12, -10, -8, -4, 4, 6, 8, 10])
    row('upper tone against lower, dB', String(twist), { highDbfs: -16 + twist });
  for (const off of [0.015, 0.02, 0.025, 0.03, 0.035])
    for (const [lowOff, highOff, which] of [
      [off, off, 'both up'],
      [-off, off, 'apart'],
      [off, 0, 'lower alone'],
      [0, -off, 'upper alone'],
    ] as const)
      row(`frequencies off, ${which}`, `${(off * 100).toFixed(1)} %`, { lowOff, highOff });
  for (const snr of [30, 20, 15, 10, 6, 4])
    row('SNR, white noise, dB', String(snr), { noiseDbfs: -13 - snr });
}

function printPauses(): void {
  console.log('\n| Pause between two presses of a key, ms | One key | Two keys | Other |');
  console.log('| --- | --- | --- | --- |');
  for (const pauseMs of [5, 10, 15, 20, 25, 30, 40, 60]) {
    const { one, two, other } = pausesFound(pauseMs, TIMES);
    console.log(`| ${pauseMs} | ${one} | ${two} | ${other} |`);
  }
}

function row(what: string, value: string, press: Partial<Press>): void {
  const result = accept(press, TIMES);
  const share = ((100 * result.right) / result.of).toFixed(result.right === result.of ? 0 : 1);
  const wrong = result.any - result.right;
  console.log(
    `| ${what} | ${value} | ${share} %${wrong > 0 ? `, ${wrong} wrong` : ''} | ${range(result.startMs, result)} | ${range(result.endMs, result)} |`,
  );
}

function range([least, greatest]: readonly [number, number], { right }: Acceptance): string {
  return right > 0 ? `${least.toFixed(1)} to ${greatest.toFixed(1)}` : '';
}

async function printTalkOff(wanted: number): Promise<void> {
  const speakers = await Speakers.load();
  console.log(`\n${speakers.espeakVersion ?? 'espeak-ng is not installed: its voices are left out.'}`);
  const talkers = speakers.available(TALKERS);
  let spoken = 0;
  let falseKeys = 0;
  let cpuNs = 0;
  for (const [index, talker] of talkers.entries()) {
    const random = seededRandom(1000 + 7919 * index);
    for (let i = 0; i < 8; i++) random();
    const detector = new DtmfDetector(RATE, {
      keyDown: (digit, at) => {
        falseKeys++;
        console.log(`  ${talker.engine} ${talker.voice}: ${digit} at ${(at / RATE).toFixed(2)} s`);
      },
      keyUp: () => {},
    });
    for (let own = 0; own < (wanted * 60 * RATE) / talkers.length; ) {
      const speech = await speakers.speak(talker, randomTalk(random));
      speakers.forget();
      // From as loud as a line carries to a quiet talker.
      const loudest = speech.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 1);
      const gain = (32_000 / loudest) * 10 ** (-(20 * random()) / 20);
      const samples = speech.map((sample) => sample * gain);
      const from = process.hrtime.bigint();
      detector.process(samples, 0, samples.length);
      cpuNs += Number(process.hrtime.bigint() - from);
      own += samples.length;
      spoken += samples.length;
    }
  }
  console.log(
    `False keys in ${(spoken / RATE / 60).toFixed(1)} minutes of talk, ${talkers.length} voices: ${falseKeys}; ` +
      `${(cpuNs / Math.max(1, spoken)).toFixed(1)} ns for a sample`,
  );
  const tune = scale(music(MUSIC_MINUTES * 60, 5), -16);
  console.log(`False keys in ${MUSIC_MINUTES} minutes of music: ${keysIn(tune).length}`);
}
