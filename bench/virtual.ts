/**
 * What a virtual call costs: a voicemail call of about a minute, alone after a warm-up, and many at once in one
 * process. `npm run bench:virtual -- --calls 1000`; docs/performance.md tells what comes of it.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { type VirtualCall, virtualCall } from '../src/testing/index.ts';

const DOCUMENT = `
version: 1.0.0
sections:
  main:
    - play: { url: "say:Please leave a message after the beep. Press pound when you are done." }
    - record: { beep: true, end_silence_timeout: 3, status_url: "https://app.example/recordings" }
    - play: { url: "say:Recording \${record_result}. Playing back recording." }
    - play: { url: "\${record_url}" }
`;
const SENTENCE = 'Please call me back on Monday about the order that I made last week.';
const SENTENCES = 7;
const WARM_UP = 10;
const MEASURED = 20;

const { values } = parseArgs({ options: { calls: { type: 'string', default: '100' } } });
const many = Number(values.calls);
if (!(Number.isInteger(many) && many >= 1 && many <= 5000)) {
  console.error('bench: --calls must be 1 to 5000');
  process.exit(2);
}

console.log(`${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`);
for (let i = 0; i < WARM_UP; i++) await voicemail();

const processorMs: number[] = [];
const wallMs: number[] = [];
let length = 0;
for (let i = 0; i < MEASURED; i++) {
  const { result, cpu, wall } = await measured(voicemail);
  length = result.seconds;
  processorMs.push(cpu);
  wallMs.push(wall);
}
console.log(
  `one call of ${length.toFixed(1)} s: processor time ${middle(processorMs).toFixed(0)} ms (least ${Math.min(...processorMs).toFixed(0)} ms), ` +
    `${((length * 1000) / middle(processorMs)).toFixed(0)} times real time; by the clock ${middle(wallMs).toFixed(0)} ms (least ${Math.min(...wallMs).toFixed(0)} ms)`,
);

const {
  result: calls,
  cpu,
  wall,
} = await measured(() => Promise.all(Array.from({ length: many }, () => voicemail())));
const total = calls.reduce((sum, { seconds }) => sum + seconds, 0);
const right = calls.filter(isRight).length;
console.log(
  `${many} calls at once: ${total.toFixed(0)} s of calls, processor time ${(cpu / 1000).toFixed(1)} s, ` +
    `${((total * 1000) / cpu).toFixed(0)} times real time; by the clock ${(wall / 1000).toFixed(1)} s; ` +
    `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB; ${right} of ${many} as expected`,
);
process.exit(right === many ? 0 : 1);

async function voicemail(): Promise<VirtualCall> {
  const call = await virtualCall({ document: DOCUMENT });
  const { caller } = call;
  await caller.hears(/done/);
  await caller.hearsBeep();
  for (let i = 0; i < SENTENCES; i++) await caller.says(SENTENCE);
  await caller.presses('#');
  await caller.hears(/playing back/i);
  await call.ends();
  return call;
}

function isRight({ recordings, callbacks, end }: VirtualCall): boolean {
  const [recording] = recordings;
  return (
    recording?.endedBy === 'terminator' &&
    recording.bytes.length > 1000 &&
    callbacks.all.length === 2 &&
    end?.reason === 'hangup'
  );
}

async function measured<T>(work: () => Promise<T>): Promise<{ result: T; cpu: number; wall: number }> {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { result, cpu: (user + system) / 1000, wall };
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[numbers.length >> 1]!;
}
