/** Recognition that streams, against a server on this machine that speaks the protocols, well or badly. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { suite, type TestContext, test } from 'node:test';

import { type Logger, silentLogger } from '../../src/log/logger.ts';
import { concat, speechLike, whiteNoise } from '../../src/media/test-signals.ts';
import { OpenAiTranscriber, type StreamingMode } from '../../src/speech/openai/openai-transcriber.ts';
import type { RecognitionResult } from '../../src/speech/recognition/recogniser.ts';
import { UtteranceRecogniser } from '../../src/speech/recognition/utterance-recogniser.ts';
import type { Timer } from '../../src/time/clock.ts';
import { RealClock } from '../../src/time/real-clock.ts';
import {
  committed,
  completed,
  delta,
  type Manners,
  type RealtimePeer,
  type RecognitionServer,
  sendEvents,
  startRecognitionServer,
} from '../support/recognition-server.ts';
import { until } from '../support/until.ts';

const RATE = 8000;
const PIECE = (RATE * 60) / 1000;
const SAID = ['to', 'the', 'sales', 'department'];
const WHOLE = { kind: 'match', text: SAID.join(' '), confidence: undefined };
const PAUSE_S = 0.5;
const UTTERANCE = concat(whiteNoise(RATE / 2, -62), speechLike(3 * RATE, -20), whiteNoise(RATE, -62));

/** Long waits of the program end when the test says so. */
class HandClock extends RealClock {
  readonly #long: (() => void)[] = [];
  #stoodStillMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.#stoodStillMs;
  }

  override after(delayMs: number, callback: () => void): Timer {
    if (delayMs < 2_500) return super.after(delayMs, callback);
    let cancelled = false;
    this.#long.push(() => {
      if (!cancelled) callback();
    });
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  /** All that was waited for up to now has taken too long. */
  expire(): void {
    for (const callback of this.#long.splice(0)) callback();
  }

  /** The program stands still for so long: its timers come first, before what has come meanwhile. */
  standStill(ms: number): void {
    this.#stoodStillMs += ms;
    this.expire();
  }
}

interface Listening {
  readonly server: RecognitionServer;
  readonly warnings: string[];
  readonly clock: HandClock;
  /** Has an utterance understood; `during` is called with what is fed, s, and awaited. */
  hear(options?: {
    readonly partials?: boolean;
    readonly during?: (seconds: number) => Promise<void> | undefined;
    readonly stopAt?: number;
  }): Promise<{ result: RecognitionResult | undefined; partials: string[]; whileSpoken: number }>;
}

async function listen(
  context: TestContext,
  streaming: StreamingMode,
  manners: Manners = {},
  model = 'whisper-1',
): Promise<Listening> {
  const server = await startRecognitionServer(context, SAID, manners);
  const warnings: string[] = [];
  const clock = new HandClock();
  const log: Logger = { ...silentLogger, child: () => log, warn: (_, message) => warnings.push(message) };
  const { url } = server;
  const transcriber = new OpenAiTranscriber({ clock, log, url, apiKey: 'secret', model, streaming });
  const recogniser = new UtteranceRecogniser(transcriber);
  context.after(() => recogniser.close());
  return {
    server,
    warnings,
    clock,
    async hear({ partials: wanted = true, during, stopAt } = {}) {
      const partials: string[] = [];
      const recognition = recogniser.start({
        sampleRate: RATE,
        language: 'en-US',
        hints: ['sales'],
        endSilenceMs: PAUSE_S * 1000,
        onStart: () => {},
        ...(wanted && { onPartial: (text: string) => partials.push(text) }),
      });
      for (let at = 0; at < UTTERANCE.length; at += PIECE) {
        recognition.feed(UTTERANCE.slice(at, at + PIECE));
        await turn();
        await during?.(at / RATE);
        if (stopAt !== undefined && at / RATE >= stopAt) {
          recognition.stop();
          return { result: undefined, partials, whileSpoken: partials.length };
        }
      }
      const whileSpoken = partials.length;
      return { result: await recognition.done, partials, whileSpoken };
    },
  };
}

const secondsOf = ({ length }: Int16Array, rate: number): number => length / rate;

/** The audio of an utterance: from shortly before the speech to the silence that ends it. */
function assertWhole(samples: Int16Array, rate: number): void {
  const seconds = secondsOf(samples, rate);
  assert.ok(seconds > 3.4 && seconds < 4.1, `${seconds} s`);
}

suite('realtime', () => {
  test('an utterance is understood while it is spoken, and its text is there without a request of its own', async (context) => {
    const { server, hear, warnings } = await listen(context, 'realtime', {}, 'gpt-4o-transcribe');
    const heard = await hear({
      during: (seconds) =>
        // The speaker goes on when the server has understood two words.
        seconds > 2.5 && seconds < 2.6 ? until(() => server.sessions[0]!.audio.length > 24_000) : undefined,
    });
    assert.deepEqual(heard.result, WHOLE);
    assert.ok(heard.whileSpoken >= 1, `${heard.whileSpoken} partial results in time`);
    assert.deepEqual(
      heard.partials,
      ['to', 'to the', 'to the sales', 'to the sales department'].slice(0, heard.partials.length),
    );
    const [session] = server.sessions;
    assert.ok(session !== undefined && server.sessions.length === 1 && server.uploads.length === 0);
    assert.match(session.path, /^\/v1\/realtime\?intent=transcription&model=gpt-4o-transcribe$/);
    assert.equal(session.authorization, 'Bearer secret');
    assert.deepEqual(session.update, {
      type: 'transcription',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-4o-transcribe', language: 'en', prompt: 'sales' },
          turn_detection: null,
        },
      },
    });
    assert.equal(session.commits, 1);
    assertWhole(session.audio, 24_000);
    await until(() => session.closed);
    assert.deepEqual(warnings, []);
  });

  test('a server that cuts turns itself is understood in all of them', async (context) => {
    let cut = false;
    const { hear, server, warnings } = await listen(context, 'realtime', {
      onUpdate: (peer) =>
        peer.tell({ type: 'session.updated', session: { turn_detection: { type: 'server_vad' } } }),
      onAudio: (peer) => {
        if (cut || peer.audio.length < 24_000) return;
        cut = true;
        peer.tell(committed('a'));
        peer.tell({ type: 'input_audio_buffer.partial_transcription', item_id: 'a', transcript: 'to' });
      },
      onCommit: (peer) => {
        peer.tell(committed('b'));
        peer.tell({
          type: 'error',
          error: {
            type: 'invalid_request_error',
            message: 'Error committing input audio buffer: the buffer is empty.',
          },
        });
        peer.tell(completed('sales department', 'b'));
        peer.tell(completed('to the', 'a'));
      },
    });
    const { result, partials } = await hear();
    assert.deepEqual(result, WHOLE);
    assert.ok(partials.includes('to') && partials.includes('to sales department'));
    assert.deepEqual([server.uploads.length, warnings], [0, []]);
  });

  test('nothing understood is no match, without a second try', async (context) => {
    const { hear, server } = await listen(context, 'realtime', {
      onAudio: () => {},
      onCommit: (peer) => {
        peer.tell(committed());
        peer.tell(completed(''));
      },
    });
    assert.deepEqual((await hear()).result, { kind: 'noMatch' });
    assert.equal(server.uploads.length, 0);
  });

  test('an answer that waits behind a standstill of ours is in time', async (context) => {
    const { hear, server, warnings, clock } = await listen(context, 'realtime', { onUpdate: () => {} });
    const held = Promise.withResolvers<void>();
    const hearing = hear({ during: (seconds) => (seconds > 1.5 ? held.promise : undefined) });
    await until(() => server.sessions[0]?.update !== undefined);
    clock.standStill(4_000);
    const peer = server.sessions[0] as RealtimePeer;
    peer.tell({ type: 'session.updated', session: {} });
    await until(() => peer.audio.length > 0 || warnings.length > 0);
    held.resolve();
    assert.deepEqual((await hearing).result, WHOLE);
    assert.deepEqual([server.uploads.length, warnings], [0, []]);
  });

  test('a hang-up in the middle closes the connection and sends nothing more', async (context) => {
    const { hear, server, warnings } = await listen(context, 'realtime');
    await hear({
      stopAt: 2,
      during: (at) => (at > 1.9 ? until(() => server.sessions[0]!.audio.length > 0) : undefined),
    });
    await until(() => server.sessions[0]!.closed);
    assert.deepEqual([server.sessions[0]!.commits, server.uploads.length, warnings], [0, 0, []]);
  });

  test('a hang-up while the text is awaited closes the connection, and nobody waits any more', async (context) => {
    let committed = false;
    const { hear, server, warnings } = await listen(context, 'realtime', {
      onCommit: () => {
        committed = true;
      },
    });
    await hear({
      stopAt: 4.3,
      // The utterance is over at 4.1 s.
      during: (at) => (at > 4.2 ? until(() => committed) : undefined),
    });
    await until(() => server.sessions[0]!.closed);
    assert.deepEqual([server.uploads.length, warnings], [0, []]);
  });

  test('a hang-up while the connection is being opened leaves none', async (context) => {
    const { hear, server, warnings } = await listen(context, 'realtime', { onUpdate: () => {} });
    await hear({ stopAt: 1 });
    await turn();
    await until(() => server.sessions.every(({ closed }) => closed));
    assert.deepEqual([server.uploads.length, warnings], [0, []]);
  });
});

/** What goes wrong, in an utterance that is understood as a whole all the same. */
const FAILURES: readonly (readonly [
  name: string,
  manners: Manners,
  warning: RegExp,
  /** What the test does once the server has been asked. */
  wait?: (peer: RealtimePeer | undefined) => boolean,
])[] = [
  ['a server without it', { refusal: '404 Not Found' }, /404 instead of opening.*tried again in 10 min$/],
  [
    'a server that has too much to do',
    { refusal: '429 Too Many Requests' },
    /429 instead of opening.*tried again in 1 min$/,
  ],
  [
    'a server that is away behind its proxy',
    { refusal: '503 Service Unavailable' },
    /503 instead of opening.*tried again in 1 min$/,
  ],
  [
    'a server that refuses the session',
    { onUpdate: (peer) => peer.tell({ type: 'error', error: { message: 'unknown model' } }) },
    /unknown model/,
  ],
  [
    'a server that does not answer',
    { onUpdate: () => {} },
    /no session\.updated came within 3000 ms/,
    (peer) => peer?.update !== undefined,
  ],
  [
    'a connection that drops in the middle',
    { onAudio: (peer) => peer.audio.length > 24_000 && peer.socket.terminate() },
    /the connection is gone/,
  ],
  [
    'a message that is no JSON',
    { onAudio: ({ socket }) => socket.send('{"type') },
    /sends what it should not/,
  ],
  ['a message without a type', { onAudio: (peer) => peer.tell({ delta: 'x' }) }, /a message has no type/],
  [
    'more text than anybody says',
    { onAudio: (peer) => peer.tell(delta('x'.repeat(20_001))) },
    /more than 20000 characters/,
  ],
  [
    'an utterance that the server fails at',
    {
      onCommit: (peer) =>
        peer.tell({
          type: 'conversation.item.input_audio_transcription.failed',
          error: { message: 'out of memory' },
        }),
    },
    /out of memory/,
  ],
  [
    'a text that never comes',
    { onCommit: (peer) => peer.tell(committed()) },
    /no text came within 8000 ms/,
    (peer) => peer?.commits === 1,
  ],
];

suite('realtime that fails loses no utterance', () => {
  for (const [name, manners, warning, wait] of FAILURES) {
    test(name, async (context) => {
      const { hear, server, warnings, clock } = await listen(context, 'realtime', manners);
      const hearing = hear();
      if (wait !== undefined) {
        await until(() => wait(server.sessions[0] as RealtimePeer | undefined));
        clock.expire();
      }
      assert.deepEqual((await hearing).result, WHOLE);
      assert.equal(server.uploads.length, 1);
      assertWhole(server.uploads[0]!.wav.channels[0]!, RATE);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, warning);
      assert.match(warnings[0]!, /utterances are sent as a whole, and this is tried again in (1|10) min/);
      // The next one does not wait for it again.
      const before = server.sessions.length;
      assert.deepEqual((await hear()).result, WHOLE);
      assert.deepEqual([server.sessions.length, server.uploads.length, warnings.length], [before, 2, 1]);
    });
  }
});

suite('events in answer to a whole utterance', () => {
  const partials = ['to', 'to the', 'to the sales', 'to the sales department'];

  test('OpenAI’s events are partial results, then the text', async (context) => {
    const { hear, server, warnings } = await listen(context, 'sse');
    const heard = await hear();
    assert.deepEqual([heard.result, heard.partials], [WHOLE, partials]);
    const { fields } = server.uploads[0]!;
    assert.deepEqual(
      [fields['stream'], fields['response_format'], fields['language']],
      ['true', 'json', 'en'],
    );
    assert.deepEqual([server.sessions.length, server.uploads.length, warnings], [0, 1, []]);
  });

  for (const [name, events] of [
    [
      'vLLM',
      [
        ...SAID.map((word, index) => ({
          object: 'transcription.chunk',
          choices: [{ delta: { content: index === 0 ? word : ` ${word}` } }],
        })),
        '[DONE]',
      ],
    ],
    ['faster-whisper-server', SAID.map((text) => ({ text }))],
  ] as const) {
    test(`so are those of ${name}`, async (context) => {
      const { hear } = await listen(context, 'sse', {
        onUpload: (_, response) => {
          sendEvents(response, events);
          response.end();
        },
      });
      const heard = await hear();
      assert.deepEqual([heard.result, heard.partials], [WHOLE, partials]);
    });
  }

  test('a server that answers in one piece is understood, and asked in this way again', async (context) => {
    const { hear, server, warnings } = await listen(context, 'sse', {
      onUpload: (_, response) => response.end(JSON.stringify({ text: SAID.join(' ') })),
    });
    assert.deepEqual((await hear()).result, WHOLE);
    assert.deepEqual([server.uploads.length, warnings], [1, []]);
  });

  for (const [name, misbehave, warning] of [
    [
      'refuses',
      (response) => response.writeHead(400).end('no stream for this model'),
      /answered 400: no stream for this.*tried again in 10 min$/,
    ],
    [
      'has too much to do',
      (response) => response.writeHead(429).end('slow down'),
      /answered 429: slow down.*tried again in 1 min$/,
    ],
    [
      'drops in the middle',
      (response) => {
        sendEvents(response, [{ type: 'transcript.text.delta', delta: 'to' }]);
        setTimeout(() => response.destroy(), 50);
      },
      /does not stream/,
    ],
    [
      'ends before its end',
      (response) => {
        sendEvents(response, [{ type: 'transcript.text.delta', delta: 'to' }]);
        response.end();
      },
      /broke off before its end/,
    ],
    [
      'tells of an error',
      (response) => {
        sendEvents(response, [{ type: 'error', error: { message: 'overloaded' } }]);
        response.end();
      },
      /overloaded/,
    ],
    [
      'sends no JSON',
      (response) => {
        sendEvents(response, ['{"type":']);
        response.end();
      },
      /does not stream/,
    ],
  ] as readonly (readonly [string, (response: import('node:http').ServerResponse) => void, RegExp])[]) {
    test(`a server that ${name} gets the utterance again in one piece, and is warned of once`, async (context) => {
      const { hear, server, warnings } = await listen(context, 'sse', {
        onUpload: ({ fields }, response) => {
          if (fields['stream'] === 'true') misbehave(response);
          else response.end(JSON.stringify({ text: SAID.join(' ') }));
        },
      });
      for (let times = 0; times < 2; times++) assert.deepEqual((await hear()).result, WHOLE);
      assert.deepEqual(
        server.uploads.map(({ fields }) => fields['stream'] ?? 'whole'),
        ['true', 'whole', 'whole'],
      );
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, warning);
    });
  }
});

suite('which way it is', () => {
  test('auto streams where partial results are wanted: over the WebSocket if there is one, else by events', async (context) => {
    const best = await listen(context, 'auto');
    assert.deepEqual((await best.hear()).result, WHOLE);
    assert.deepEqual([best.server.sessions.length, best.server.uploads.length], [1, 0]);

    const second = await listen(context, 'auto', { refusal: '404 Not Found' });
    const heard = await second.hear();
    assert.deepEqual([heard.result, heard.partials.length], [WHOLE, 4]);
    assert.deepEqual([second.server.uploads.length, second.warnings.length], [1, 1]);
  });

  test('auto takes utterances as a whole where nobody wants partial results, and off always does', async (context) => {
    for (const [mode, partials] of [
      ['auto', false],
      ['off', true],
    ] as const) {
      const { hear, server, warnings } = await listen(context, mode);
      const heard = await hear({ partials });
      assert.deepEqual([heard.result, heard.partials], [WHOLE, []]);
      assert.deepEqual([server.sessions.length, server.uploads.length, warnings], [0, 1, []]);
      const { fields } = server.uploads[0]!;
      assert.deepEqual([fields['stream'], fields['response_format']], [undefined, 'verbose_json']);
    }
  });
});
