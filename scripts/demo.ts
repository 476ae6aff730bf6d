/**
 * `npm run demo`: a server and a phone on this machine's loopback. The phone calls, listens, leaves a message,
 * presses #, hears its own words and hangs up; every step is told as it happens. Exit 0 when all of that was
 * so, 1 and the reason when not.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { parse, stringify } from 'yaml';

import { describeEvent } from '../src/cli/phone/describe-event.ts';
import { openPhoneLine } from '../src/cli/phone/phone-line.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { Timeline } from '../src/cli/timeline.ts';
import { createLogger } from '../src/log/line-logger.ts';
import { rmsDbfs } from '../src/media/level.ts';
import { loadConfig } from '../src/server/config.ts';
import { createServer } from '../src/server/server.ts';
import { RealClock } from '../src/time/real-clock.ts';
import { type DemoCallback, openCallbackInbox } from './demo/callback-inbox.ts';
import { EventWaiter } from './demo/event-waiter.ts';
import { serverStory } from './demo/server-story.ts';
import { findAgain, readSamples } from './demo/sound.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'demo-output');
const MESSAGE = 'Hello, this is the demo calling. One, two, three. Please call me back.';
/** Longest time for everything, ms. */
const LIMIT_MS = 90_000;
/** A recording below this is as good as silent, dBFS. */
const AUDIBLE_DBFS = -45;
/** Likeness of what was heard to what was recorded from which on they are the same words. */
const SAME_WORDS = 0.9;

interface Step {
  readonly method?: string;
  readonly play?: { url: string };
  readonly record?: Record<string, unknown>;
}

const clock = new RealClock();
const log = createLogger({ format: 'pretty', level: 'warn', destination: 2, clock });
const timeline = new Timeline(processTerminal, clock);
const closers: (() => Promise<void>)[] = [];

try {
  const limit = Promise.withResolvers<never>();
  clock.after(LIMIT_MS, () => limit.reject(new Error(`the call was not over within ${LIMIT_MS / 1000} s`)));
  const result = await Promise.race([runDemo(), limit.promise]);
  console.log(`\n${result}\n`);
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  for (const close of closers.reverse()) await close();
  await log.flush();
  process.exit();
}

/** @returns the last lines; @throws Error saying what did not happen as it should */
async function runDemo(): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const callbacks: DemoCallback[] = [];
  const finished = Promise.withResolvers<DemoCallback>();
  const inbox = await openCallbackInbox((callback) => {
    const state = String(callback.params['state']);
    timeline.tell('callback', `received ${callback.eventType}: ${state}`);
    callbacks.push(callback);
    if (state !== 'recording') finished.resolve(callback);
  });
  closers.push(() => inbox.close());

  const events = new EventWaiter();
  const server = createServer(settings(writeDocument(inbox.url)), { log });
  closers.push(() => server.stop());
  server.onEvent((event) => {
    const story = serverStory(event);
    if (story !== undefined) timeline.tell(event.kind, story);
    events.take(event);
  });
  const { sip, http } = await server.start();
  const to = `sip:voicemail@127.0.0.1:${sip[0]!.port}`;
  timeline.tell('server', `takes calls at ${to}, HTTP at ${http.url}`);

  const heardFile = path.join(FOLDER, 'heard.wav');
  const line = await openPhoneLine({ clock, log, to, willSpeak: true, lossShare: 0 });
  closers.push(() => line.close());
  const phone = await line.call({
    to,
    codecs: ['PCMU', 'PCMA'],
    send: 'sound',
    infoDigits: false,
    saveTo: heardFile,
    onEvent: (event) => timeline.tell('phone', describeEvent(event)),
  });
  void phone.over.then(() => events.callIsOver());
  await events.next((event) => event.text === 'recording started');
  await phone.say({ kind: 'say', text: MESSAGE });
  await phone.press('#');
  // The last step is the silence behind the playback.
  await events.next((event) => event.kind === 'step' && String(event.data['path']).includes('main[4]'));
  await phone.hangup();
  const call = await phone.over;
  if (call.end.how !== 'bye' || call.end.by !== 'local')
    throw new Error('the phone could not hang up properly');
  return judge(await finished.promise, callbacks, heardFile);
}

/** The voicemail example with callbacks, and a silence in which the phone can hang up. */
function writeDocument(statusUrl: string): string {
  const document = parse(readFileSync(path.join(ROOT, 'examples/voicemail.yaml'), 'utf8')) as {
    sections: { main: Step[] };
  };
  const { main } = document.sections;
  for (const step of main) if (step.record !== undefined) step.record['status_url'] = statusUrl;
  main.push({ play: { url: 'silence:5' } });
  const file = path.join(FOLDER, 'demo.yaml');
  writeFileSync(file, stringify(document));
  return file;
}

/** Free ports on loopback; nothing from the user's own settings. */
function settings(document: string) {
  return loadConfig({
    env: {},
    cwd: FOLDER,
    flags: {
      'document.source': document,
      data_dir: path.join(FOLDER, 'data'),
      'sip.listen': ['udp://127.0.0.1:0'],
      'http.listen': '127.0.0.1:0',
      'rtp.bind': '127.0.0.1',
      'network.allow': ['127.0.0.1'],
    },
  }).config;
}

/** Checks what is left of the call. @returns the last lines */
function judge(finished: DemoCallback, callbacks: readonly DemoCallback[], heardFile: string): string {
  const states = callbacks.map(({ params }) => params['state']).join(', ');
  if (states !== 'recording, finished') throw new Error(`the callbacks were: ${states}`);
  const id = String(finished.params['recording_id']);
  const file = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith(`${id}.wav`),
  );
  if (file === undefined) throw new Error(`there is no file of the recording ${id}`);
  const recorded = path.join(FOLDER, file);
  const words = readSamples(recorded);
  const level = rmsDbfs(words);
  if (level < AUDIBLE_DBFS) throw new Error(`the recording is all but silent: ${level.toFixed(0)} dBFS`);
  const { likeness, atMs } = findAgain(words, readSamples(heardFile));
  if (likeness < SAME_WORDS) {
    throw new Error(`the phone did not hear its own words again (likeness ${likeness.toFixed(2)})`);
  }
  const shown = (name: string): string => path.relative(process.cwd(), name);
  return [
    `Recording   ${shown(recorded)}`,
    `            ${(words.length / 8000).toFixed(2)} s, level ${level.toFixed(1)} dBFS`,
    `Heard       ${shown(heardFile)}`,
    `            its own words again at ${(atMs / 1000).toFixed(2)} s (likeness ${likeness.toFixed(2)})`,
  ].join('\n');
}
