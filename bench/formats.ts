/**
 * What it costs to record in each format: `npm run bench:formats -- --help`. Recorders as calls have them, fed with
 * something like speech faster than it could be spoken, all of them at once; docs/performance.md tells what comes of it.
 */
import { statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { speechLike } from '../src/media/test-signals.ts';
import { Recorder } from '../src/recording/recorder.ts';
import type { RecordFormat } from '../src/recording/types.ts';
import { sleep } from '../src/time/clock.ts';
import { RealClock } from '../src/time/real-clock.ts';
import { temporaryFolder } from '../test/support/child-processes.ts';

const HELP = `Usage: npm run bench:formats -- [options]

Records in every format at once as many calls as asked for, and prints what a second of one costs.

  --calls N    recordings at once, 1 to 500 (20)
  --seconds S  length of each, 1 to 3600 (30)
  --rate HZ    8000, 16000 or 48000 (8000)
`;

interface Cost {
  /** Of one core, for one recording, %. */
  readonly percent: number;
  readonly kbps: number;
  /** From the end of a recording to its file, ms. */
  readonly endMs: readonly number[];
  readonly rssMb: number;
  readonly notices: number;
}

const clock = new RealClock();
/** Made when there is something to measure. It goes with this process, also by Ctrl-C. */
let folder = '';
/** What is fed at a time, ms, and how long the encoders are given for it at least. */
const BLOCK_MS = 20;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '8000' },
    help: { type: 'boolean', short: 'h' },
  },
});
process.exit(await main());

async function main(): Promise<number> {
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [calls, seconds, rate] = [values.calls, values.seconds, values.rate].map(Number) as [
    number,
    number,
    number,
  ];
  if (
    !(calls >= 1 && calls <= 500 && seconds >= 1 && seconds <= 3600 && [8000, 16_000, 48_000].includes(rate))
  ) {
    console.error(HELP);
    return 2;
  }
  console.log(`${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`);
  console.log(`${calls} recordings of ${seconds} s at ${rate} Hz\n`);
  console.log('format       % of a core   × wav   kb/s   end to file, median / max ms   process, MB');
  folder = temporaryFolder('openswml-bench-');
  // Compiles what is compiled once, and starts the encoder thread.
  for (const format of ['wav', 'mp3', 'mp4'] as const) await measure(format, false, 2, 2, rate);
  for (const stereo of [false, true]) {
    let wav = 0;
    for (const format of ['wav', 'mp3', 'mp4'] as const) {
      const cost = await measure(format, stereo, calls, seconds, rate);
      if (format === 'wav') wav = cost.percent;
      print(`${format} ${stereo ? 'stereo' : 'mono'}`, cost, wav);
    }
  }
  return 0;
}

function print(name: string, { percent, kbps, endMs, rssMb, notices }: Cost, wav: number): void {
  const sorted = endMs.toSorted((a, b) => a - b);
  console.log(
    name.padEnd(12),
    percent.toFixed(3).padStart(9),
    (percent / wav).toFixed(1).padStart(9),
    kbps.toFixed(0).padStart(7),
    `${sorted[sorted.length >> 1]!.toFixed(1)} / ${sorted.at(-1)!.toFixed(1)}`.padStart(20),
    rssMb.toFixed(0).padStart(18),
    notices > 0 ? `  ${notices} fell behind` : '',
  );
}

async function measure(
  format: RecordFormat,
  stereo: boolean,
  calls: number,
  seconds: number,
  rate: number,
): Promise<Cost> {
  let notices = 0;
  const open = (n: number): Recorder =>
    new Recorder(
      {
        recordingId: `${n}`,
        controlId: `${n}`,
        path: path.join(folder, `${format}-${stereo}-${n}-${calls}.${format}`),
        format,
        direction: 'both',
        stereo,
        beep: false,
        terminators: '',
        inputSensitivity: 44,
        initialTimeoutMs: 0,
        endSilenceTimeoutMs: 0,
        maxLengthMs: 24 * 3_600_000,
      },
      {
        sampleRate: rate,
        clock,
        onEvent: ({ type }) => {
          if (type === 'notice') notices++;
        },
      },
    );
  const voice = speechLike(10 * rate, -20, rate, 1);
  const other = speechLike(10 * rate, -20, rate, 2);
  const block = (rate * BLOCK_MS) / 1000;
  const before = process.cpuUsage();
  const recorders = Array.from({ length: calls }, (_, n) => open(n));
  for (const recorder of recorders) recorder.begin();
  for (let sent = 0; sent < seconds * rate; sent += block) {
    const at = sent % voice.length;
    for (const recorder of recorders) {
      recorder.observe(voice, other, at, block);
      recorder.append(voice, other, at, block);
    }
    // As fast as one encoder thread can follow, about.
    if ((sent / block) % 25 === 24)
      await sleep(clock, calls * (format === 'wav' ? 0.2 : stereo ? 20 : 10) * (rate / 16_000));
  }
  await sleep(clock, 1000);
  const endMs: number[] = [];
  let bytes = 0;
  for (const recorder of recorders) {
    const start = clock.monotonic();
    recorder.stop('stop');
    const outcome = await recorder.finish();
    endMs.push(clock.monotonic() - start);
    if (outcome.state !== 'finished') throw new Error(`${format}: ${outcome.error}`);
    bytes += statSync(recorder.spec.path).size;
  }
  const used = process.cpuUsage(before);
  return {
    percent: ((used.user + used.system) / 1e6 / (calls * seconds)) * 100,
    kbps: (bytes * 8) / (calls * seconds * 1000),
    endMs,
    rssMb: process.memoryUsage().rss / 2 ** 20,
    notices,
  };
}
