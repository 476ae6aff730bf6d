import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, describe, it } from 'node:test';
import { until } from '../../../test/support/until.ts';
import { type Logger, silentLogger } from '../../log/logger.ts';
import { sine } from '../../media/test-signals.ts';
import { closeAfterTests, closedPort, serve } from '../../net/http-fixtures.ts';
import { sleep, type Timer } from '../../time/clock.ts';
import { RealClock } from '../../time/real-clock.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { SpeechError } from '../errors.ts';
import type { Transcript, Utterance } from '../recognition/recogniser.ts';
import { OpenAiTranscriber, type OpenAiTranscriberOptions } from './openai-transcriber.ts';

closeAfterTests();
const opened: OpenAiTranscriber[] = [];
after(() => Promise.all(opened.map((transcriber) => transcriber.close())));

const UTTERANCE: Utterance = {
  samples: sine(8000, 440, -12),
  sampleRate: 8000,
  language: 'en-US',
  hints: ['sales', 'support'],
};

/** Stands still, also while work is under way, until a test moves it. */
class HeldTime extends VirtualClock {
  /** How many were set. */
  timers = 0;

  override after(delayMs: number, callback: () => void): Timer {
    this.timers++;
    return super.after(delayMs, callback);
  }

  override holdWhile<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

function transcriberAt(port: number, options: Partial<OpenAiTranscriberOptions>): OpenAiTranscriber {
  const transcriber = new OpenAiTranscriber({
    clock: new RealClock(),
    log: silentLogger,
    url: `http://127.0.0.1:${port}/v1/`,
    model: 'whisper-1',
    ...options,
  });
  opened.push(transcriber);
  return transcriber;
}

function transcribe(
  port: number,
  utterance: Partial<Utterance> = {},
  options: Partial<OpenAiTranscriberOptions> = {},
): Promise<Transcript> {
  const transcriber = transcriberAt(port, options);
  return transcriber.transcribe({ ...UTTERANCE, ...utterance }, new AbortController().signal);
}

/** The form as the platform's own parser reads it, which is none of ours. */
async function formOf(request: IncomingMessage): Promise<FormData> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  return await new Response(Buffer.concat(pieces), { headers }).formData();
}

async function answering(body: unknown, status = 200): Promise<number> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return await serve(async (request, response) => {
    for await (const _ of request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
}

const failsWith =
  (pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof SpeechError, String(error));
    assert.equal(error.code, 'provider_failed');
    assert.match(error.message, pattern);
    return true;
  };

describe('OpenAI-compatible recognition', () => {
  it('uploads the utterance as a WAV file, with model, language, hints and the key', async () => {
    const seen: unknown[] = [];
    let file: Buffer | undefined;
    const port = await serve(async (request, response) => {
      const form = await formOf(request);
      const sent = form.get('file') as File;
      file = Buffer.from(await sent.arrayBuffer());
      form.delete('file');
      seen.push(
        request.method,
        request.url,
        request.headers.authorization,
        Object.fromEntries(form),
        sent.name,
      );
      response.end(JSON.stringify({ text: 'To sales.' }));
    });
    const transcript = await transcribe(port, {}, { apiKey: 'k' });
    assert.deepEqual(transcript, { text: 'To sales.', confidence: undefined });
    assert.deepEqual(seen, [
      'POST',
      '/v1/audio/transcriptions',
      'Bearer k',
      { model: 'whisper-1', response_format: 'verbose_json', language: 'en', prompt: 'sales, support' },
      'utterance.wav',
    ]);
    assert.equal(file?.toString('latin1', 0, 4), 'RIFF');
    assert.equal(file?.readUInt32LE(24), 8000);
    assert.equal(file?.readUInt32LE(40), 16_000);
    assert.deepEqual(file?.subarray(44), Buffer.from(UTTERANCE.samples.buffer));
  });

  it('leaves out what is not known, and asks other models than Whisper for plain JSON', async () => {
    let fields: unknown;
    const port = await serve(async (request, response) => {
      const form = await formOf(request);
      form.delete('file');
      fields = Object.fromEntries(form);
      response.end('{"text":""}');
    });
    const transcript = await transcribe(
      port,
      { language: undefined, hints: [] },
      { model: 'gpt-4o-transcribe' },
    );
    assert.deepEqual(fields, { model: 'gpt-4o-transcribe', response_format: 'json' });
    assert.deepEqual(transcript, { text: '', confidence: undefined });
  });

  it('takes the confidence from the segments', async () => {
    const segments = [
      { avg_logprob: Math.log(0.9), no_speech_prob: 0.01 },
      { avg_logprob: Math.log(0.7), no_speech_prob: 0.01 },
    ];
    const port = await answering({ text: 'Yes. No.', segments });
    assert.deepEqual(await transcribe(port), { text: 'Yes. No.', confidence: 0.8 });
  });

  it('believes no words where the server doubts that there was speech', async () => {
    const port = await answering({
      text: 'Thank you.',
      segments: [{ avg_logprob: -1.3, no_speech_prob: 0.9 }],
    });
    assert.deepEqual(await transcribe(port), { text: '', confidence: undefined });
  });

  it('says what the server objects to, never the key', async () => {
    const refusing = await answering('{"error": "bad\n key"}', 401);
    await assert.rejects(
      transcribe(refusing, {}, { apiKey: 's3cr3t' }),
      failsWith(/"openai": http:.*answered 401: \{"error": "bad key"\}$/),
    );
    await assert.rejects(transcribe(await closedPort()), failsWith(/no connection/));
    await assert.rejects(transcribe(await answering('<html>')), failsWith(/no transcription in JSON/));
    await assert.rejects(transcribe(await answering({ words: 1 })), failsWith(/no transcription in JSON/));
  });

  it('gives up events that only keep the connection open, and sends the utterance as a whole', async () => {
    const clock = new HeldTime();
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, child: () => log, warn: (_, message) => warnings.push(message) };
    const events = Promise.withResolvers<ServerResponse>();
    const sent: unknown[] = [];
    const port = await serve(async (request, response) => {
      const stream = (await formOf(request)).get('stream');
      sent.push(stream);
      if (stream === null) {
        response.end('{"text":"To sales."}');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":"transcript.text.delta","delta":"To"}\n\n');
      events.resolve(response);
    });
    const begun = Promise.withResolvers<string>();
    const transcriber = transcriberAt(port, { clock, log, streaming: 'sse' });
    const { signal } = new AbortController();
    const transcript = transcriber.transcribe(UTTERANCE, signal, (text) => begun.resolve(text));
    const response = await events.promise;
    assert.equal(await begun.promise, 'To');
    await clock.advance(10_000);
    const { timers } = clock;
    response.write(': ping\n\n');
    // Whoever has read it waits anew for what comes next.
    await until(() => clock.timers > timers);
    await clock.advance(5_000);
    await until(() => sent.length === 2);
    assert.deepEqual(await transcript, { text: 'To sales.', confidence: undefined });
    assert.deepEqual(sent, ['true', null]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /does not stream: nothing more of the text within 15000 ms; /);
  });

  it('takes the text of events once it is complete, though the server leaves the connection open', async () => {
    const ends = [
      'data: {"type":"transcript.text.done","text":"To sales."}\n\ndata: [DO',
      'data: {"choices":[{"delta":{"content":"To sales."}}]}\n\ndata: [DONE]\n\n',
    ];
    for (const end of ends) {
      let requests = 0;
      const port = await serve(async (request, response) => {
        for await (const _ of request);
        requests++;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(end);
      });
      // No time passes, so nothing is given up.
      const transcript = await transcribe(port, {}, { clock: new HeldTime(), streaming: 'sse' });
      assert.deepEqual([transcript, requests], [{ text: 'To sales.', confidence: undefined }, 1]);
    }
  });

  it('closes the connection of events that tell of an error, though the server leaves it open', async () => {
    const clock = new RealClock();
    let closed = false;
    const port = await serve(async (request, response) => {
      const stream = (await formOf(request)).get('stream');
      if (stream === null) {
        response.end('{"text":"To sales."}');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"error":{"message":"out of memory"}}\n\n');
      // So that no deadline of the transport closes it.
      const pings = clock.every(1_000, () => response.write(': ping\n\n'));
      response.once('close', () => {
        pings.cancel();
        closed = true;
      });
    });
    const transcript = await transcribe(port, {}, { clock, streaming: 'sse' });
    assert.deepEqual(transcript, { text: 'To sales.', confidence: undefined });
    await until(() => closed, 'the connection stays open');
  });

  it('keeps the connection of events that end behind their text, be it a moment later', async () => {
    const sockets = new Set<unknown>();
    const clock = new RealClock();
    const port = await serve(async (request, response) => {
      for await (const _ of request);
      sockets.add(request.socket);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":"transcript.text.done","text":"To sales."}\n\n');
      await sleep(clock, 30);
      response.end('data: [DONE]\n\n');
    });
    const transcriber = transcriberAt(port, { streaming: 'sse' });
    for (let n = 0; n < 2; n++) {
      await transcriber.transcribe(UTTERANCE, new AbortController().signal);
      await sleep(clock, 200);
    }
    assert.equal(sockets.size, 1);
  });

  it('follows no redirect, which could lead the key astray', async () => {
    const port = await serve((_, response) => response.writeHead(302, { location: '/other' }).end());
    await assert.rejects(transcribe(port), failsWith(/redirects/));
  });
});
