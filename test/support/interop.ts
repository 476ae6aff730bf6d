/** A server and callers for one interop test, all taken down again with the test. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import type { Wav } from './audio-files.ts';
import { CallbackReceiver, type ReceivedCallback } from './callback-receiver.ts';
import { RtpTalker, type TalkOptions, type TalkReport, type Utterance } from './rtp-talker.ts';
import { type ServerOptions, ServerProcess } from './server-process.ts';
import { Sipp } from './sipp.ts';
import { type SippStep, sippScenario } from './sipp-scenario.ts';
import { near } from './tone-assertions.ts';

export type Transport = 'udp' | 'tcp';

export interface Site {
  readonly server: ServerProcess;
  readonly callbacks: CallbackReceiver;
}

export interface PlacedCall {
  readonly sipp: Sipp;
  readonly talker: RtpTalker;
  /** `performance.now()` when the talker began. */
  readonly talkedFrom: number;
  /** Resolves when everything is said. */
  readonly talked: Promise<TalkReport>;
}

/** Parameters of `record` under which only a key, the length or a hang-up ends it. */
export const UNTIL_ENDED = { initial_timeout: 0, end_silence_timeout: 0 } as const;

const PACKET_MS = 20;

/**
 * Starts a server whose document is `main`, and a receiver for its callbacks.
 * @param main steps of the document, given the URL for `status_url`
 */
export async function startSite(
  context: TestContext,
  main: (statusUrl: string) => readonly unknown[],
  options: Omit<ServerOptions, 'document'> = {},
): Promise<Site> {
  const callbacks = await CallbackReceiver.start();
  context.after(() => callbacks.close());
  const document = JSON.stringify({ version: '1.0.0', sections: { main: main(callbacks.url()) } });
  const server = await ServerProcess.start({ document, ...options });
  context.after(() => server.dispose());
  return { server, callbacks };
}

/** Places one call by SIPp; the talker says its piece from the answer on. */
export async function placeCall(
  context: TestContext,
  server: ServerProcess,
  steps: readonly SippStep[],
  options: {
    readonly transport?: Transport;
    /** User part of the address to call. */
    readonly user?: string;
    readonly say?: readonly Utterance[];
    readonly talk?: TalkOptions;
  } = {},
): Promise<PlacedCall> {
  const talker = await RtpTalker.open();
  context.after(() => talker.close());
  const speech = talker.prepare(options.say ?? [], options.talk);
  const sipp = await Sipp.start({
    server: server.address,
    transport: options.transport ?? 'udp',
    scenario: sippScenario(steps),
    rtpPorts: [talker.port],
    ...(options.user !== undefined && { service: options.user }),
  });
  context.after(() => sipp.dispose());
  const remote = await sipp.media();
  const talkedFrom = performance.now();
  return { sipp, talker, talkedFrom, talked: talker.talk(remote, speech) };
}

/** Tones one behind the other, as the talker says them. */
export function toneUtterances(frequencies: readonly number[], durationMs: number): Utterance[] {
  return frequencies.map((frequencyHz) => ({ kind: 'tone', frequencyHz, durationMs }));
}

/** Tones that a voice detector takes for a voice, with pauses between them. */
export function voiceUtterances(
  frequencies: readonly number[],
  durationMs: number,
  pauseMs: number,
): Utterance[] {
  return frequencies.flatMap((frequencyHz): Utterance[] => [
    { kind: 'tone', frequencyHz, durationMs, voice: true },
    { kind: 'tone', frequencyHz: 0, durationMs: pauseMs },
  ]);
}

/** SIPp saw exactly what the scenario says. */
export async function assertScenarioHeld(sipp: Sipp): Promise<void> {
  const result = await sipp.ended;
  assert.equal(result.exitCode, 0, `${result.errors}\n${sipp.messages()}`);
}

/**
 * A recording that began with the answer lasted until the first request `method` came, as far as SIPp can tell: who
 * sends it at a set time does so later on a busy machine, and the server may see it later still.
 */
export function assertLastedUntil(wav: Wav, sipp: Sipp, method: 'BYE' | 'INFO'): void {
  const least = sipp.timeOf('sent', 'request', method) - sipp.timeOf('received', '200', 'INVITE');
  const most = sipp.timeOf('received', '200', method) - sipp.timeOf('sent', 'request', 'INVITE');
  const text = `length of the recording: ${wav.durationMs} ms, expected ${least} to ${most} ms`;
  assert.ok(wav.durationMs >= least - PACKET_MS && wav.durationMs <= most + PACKET_MS, text);
}

/**
 * The one recording of the site: completed in the REST API, announced by `recording` and then `finished`, its
 * file there and as long as announced.
 */
export async function assertOneRecording(
  site: Site,
  endedBy: string,
): Promise<{ readonly wav: Wav; readonly finished: ReceivedCallback }> {
  const finished = await site.callbacks.waitForState('finished');
  assert.deepEqual(site.callbacks.states(), ['recording', 'finished']);
  const { params } = finished;
  assert.equal(params['ended_by'], endedBy);
  const [resource, ...others] = await site.server.recordings();
  assert.deepEqual(others, []);
  assert.equal(resource?.id, params['recording_id']);
  assert.equal(resource?.status, 'completed');
  assert.equal(resource?.byte_size, params['size']);
  const wav = await site.server.download(String(params['url']));
  near(
    wav.durationMs,
    Number(params['duration']) * 1000,
    0.001,
    'length of the file against its announcement',
  );
  return { wav, finished };
}
