import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SwmlError } from '../swml/errors.ts';
import { parseTrace } from '../trace/format.ts';
import {
  MumblingVoice,
  StandstillError,
  type VirtualCall,
  VirtualCallError,
  type VirtualCallOptions,
  virtualCall,
} from './index.ts';
import { callInfo } from './options.ts';

const voice = new MumblingVoice();
const STATUS = 'https://app.example/recordings';
const VOICEMAIL = `
version: 1.0.0
sections:
  main:
    - play: { url: "say:Leave a message after the beep." }
    - record: { beep: true, end_silence_timeout: 3, status_url: "${STATUS}" }
    - play: { url: "say:Recording \${record_result}. Thank you." }
`;

function place(document: string, options: Partial<VirtualCallOptions> = {}): Promise<VirtualCall> {
  return virtualCall({ document, voice, ...options });
}

/** A document with these steps as `main`. */
function main(steps: string): string {
  return `sections:\n  main:\n${steps.trim().replace(/^/gm, '    ')}\n`;
}

test('a caller hears the prompt and the beep, speaks, and ends the recording with a key', async () => {
  const call = await place(VOICEMAIL);
  const { caller, callbacks } = call;
  assert.equal(await caller.hears(/after the \w+/), 'after the beep');
  await caller.hearsBeep();
  await caller.says('Please call me back on Monday.');
  await caller.presses('#');
  const started = await callbacks.receives({ params: { state: 'recording' } });
  const finished = await callbacks.receives({ params: { state: 'finished' } });
  assert.equal(started.url, STATUS);
  await caller.hears('thank you');
  assert.deepEqual(await call.ends(), { by: 'local', reason: 'hangup' });

  const [recording] = call.recordings;
  assert.ok(recording !== undefined && call.recordings.length === 1);
  assert.deepEqual(
    [recording.status, recording.endedBy, recording.terminator, recording.format, recording.channels],
    ['completed', 'terminator', '#', 'wav', 1],
  );
  assert.equal(finished.params['duration'], recording.seconds);
  assert.equal(recording.samples().length, recording.seconds * 8000);
  // 30 characters of 60 ms, and the moment in which the caller knows that the beep is over.
  assert.ok(Math.abs(recording.seconds - 1.95) <= 0.05, `${recording.seconds} s`);
  assert.ok(Math.abs(recording.speech() - 1.8) <= 0.1, `${recording.speech()} s of speech`);
  assert.equal(call.vars['record_url'], recording.url);
  assert.deepEqual(call.spoken, ['Leave a message after the beep.', 'Recording success. Thank you.']);
  assert.deepEqual(
    call.steps.map(({ method, line, outcome }) => [method, line, outcome]),
    [
      ['play', 5, 'next'],
      ['record', 6, 'next'],
      ['play', 7, 'next'],
    ],
  );
  assert.equal(call.error, undefined);
});

test('a caller who hangs up while being recorded ends recording and script', async () => {
  const call = await place(VOICEMAIL);
  await call.caller.hearsBeep();
  await call.caller.says('Never mind.');
  await call.caller.hangsUp();
  assert.deepEqual(await call.ends(), { by: 'remote', reason: 'hangup' });
  assert.deepEqual(
    call.recordings.map(({ endedBy, status }) => [endedBy, status]),
    [['hangup', 'completed']],
  );
  assert.deepEqual(call.callbacks.states('calling.call.record'), ['recording', 'finished']);
  assert.equal(call.steps.at(-1)?.outcome, 'stopped');
});

test('who gives up before the answer has cancelled', async () => {
  const call = await place(main('- sleep: 5000\n- answer: {}'));
  await call.caller.waits(1);
  await call.caller.hangsUp();
  assert.deepEqual(await call.ends(), { by: 'remote', reason: 'cancel' });
  assert.equal(call.seconds, 1);
  await assert.rejects(call.caller.says('Hello?'), /The call is over before the caller says "Hello\?"/);
});

test('virtual time stands still while nothing of the call is awaited', async () => {
  const call = await place(main('- sleep: 2000'));
  await call.caller.waits(0.5);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(call.seconds, 0.5);
  await call.ends();
  assert.equal(call.seconds, 2);
});

test('what is not heard is told with what was said, and the timeline', async () => {
  const call = await place(main('- play: "say:Welcome."\n- sleep: 90000'));
  const error: unknown = await call.caller.hears('goodbye', { within: 5 }).catch((cause: unknown) => cause);
  assert.ok(error instanceof VirtualCallError);
  assert.match(
    error.message,
    /^The caller did not hear "goodbye" within 5 s\. Said so far: "Welcome\."\n\nThe call so far:\n/,
  );
  assert.match(error.message, /play {7}sound started {2}play_id="play-1" {2}at_ms=0 {2}say="Welcome\."/);
  await assert.rejects(call.caller.hears('goodbye', { within: 3600 }), /before the call was over/);
});

test('each words are heard once: the next wait goes on behind them', async () => {
  const call = await place(
    main('- label: again\n- play: "say:Press one."\n- sleep: 1000\n- goto: { label: again, max: 1 }'),
  );
  await call.caller.hears('press one');
  const first = call.seconds;
  await call.caller.hears('press one');
  assert.ok(call.seconds > first + 1);
  await assert.rejects(call.caller.hears('press one'), /did not hear "press one" before the call was over/);
});

test('words are heard when they have sounded, not before', async () => {
  const call = await place(main('- play: "say:one two three four five six seven eight nine ten"'));
  await call.caller.hears('two');
  // 7 of 50 characters, at 60 ms each, in steps of 20 ms.
  assert.ok(Math.abs(call.seconds - 0.45) < 0.15, `${call.seconds} s`);
  assert.match(call.transcript, /^one two( three)?$/);
  await call.caller.hangsUp();
  await call.ends();
  assert.match(call.transcript, /^one two( three)?$/);
  assert.equal(call.sounds[0]?.cut, true);
});

test('keys reach the document as tones and as events, and keys of the document reach the caller', async () => {
  const call = await place(
    main(
      '- answer: {}\n- record: { terminators: "5", initial_timeout: 0 }\n- send_digits: { digits: "42#" }',
    ),
  );
  await call.caller.presses('1w5');
  await call.ends();
  assert.equal(call.recordings[0]?.terminator, '5');
  assert.equal(call.keysSent, '42#');
});

test('the web answers from memory, late, not at all, or as a function says', async () => {
  const call = await place(
    main(`
- request: { url: "https://api.example/tier?n=\${call.from}", method: GET, save_variables: true }
- request: { url: "https://api.example/slow", method: POST, body: { a: 1 }, timeout: 2 }
- set: { slow: "\${request_result}" }
- request: { url: "https://api.example/echo", method: POST, body: "hello" }
- set: { echo: "\${request_response_body}" }
- request: { url: "https://nowhere.example/", method: GET }`),
    {
      from: '+15550100',
      to: '+15550101',
      web: {
        'https://api.example/tier': { json: { tier: 'gold' } },
        'POST https://api.example/slow': { delay: 3 },
        'https://api.example/*': ({ body, headers }) => ({ body: `${headers['content-type']}: ${body}` }),
      },
    },
  );
  await call.ends();
  assert.equal(call.vars['slow'], 'failed');
  assert.equal(call.vars['echo'], 'text/plain: hello');
  assert.equal(call.vars['request_result'], 'failed');
  assert.equal(call.seconds, 2);
  assert.deepEqual(call.web.unanswered, ['GET https://nowhere.example/']);
  assert.deepEqual(
    call.web.requests.map(({ method, url, json, at }) => [method, url, json, at]).slice(0, 2),
    [
      ['GET', 'https://api.example/tier?n=+15550100', undefined, 0],
      ['POST', 'https://api.example/slow', { a: 1 }, 0],
    ],
  );
});

test('a document is asked for by URL with the call, and one that cannot be had ends it', async () => {
  const web = { 'POST https://app.example/swml': { body: main('- hangup: {}') } };
  const call = await place('https://app.example/swml', { web, headers: { 'X-Ticket': '42' } });
  await call.ends();
  const [request] = call.web.requests;
  assert.equal(request?.purpose, 'document');
  assert.deepEqual((request!.json as { call: { headers: unknown } }).call.headers, [
    { name: 'X-Ticket', value: '42' },
  ]);
  const lost = await place('https://app.example/other');
  assert.deepEqual(await lost.ends(), { by: 'local', reason: 'error' });
  assert.match(String(lost.error), /nothing in the test answers/);
});

test('the server of the first document is told the envs, and neither variables nor params', async () => {
  const web = { 'POST https://app.example/swml': { body: main('- hangup: {}') } };
  const call = await place('https://app.example/swml', { web, vars: { a: 1 }, envs: { region: 'eu' } });
  await call.ends();
  const { vars, envs, params } = call.web.requests[0]!.json as Record<string, unknown>;
  assert.deepEqual([vars, envs, params], [{}, { region: 'eu' }, {}]);
});

test('strict rules hold for a document by URL, too', async () => {
  const web = { 'POST https://app.example/swml': { body: main('- hangup: { why: 1 }') } };
  const loose = await place('https://app.example/swml', { web });
  assert.deepEqual(await loose.ends(), { by: 'local', reason: 'hangup' });
  const strict = await place('https://app.example/swml', { web, strict: true });
  assert.deepEqual(await strict.ends(), { by: 'local', reason: 'error' });
  assert.match(String(strict.error), /no property "why"/);
});

test('a callback that its receiver refuses is tried again, in virtual time', async () => {
  const call = await place(VOICEMAIL, { web: { [STATUS]: [{ status: 503 }, { status: 200 }] } });
  await call.caller.hearsBeep();
  await call.caller.presses('#');
  await call.ends();
  assert.deepEqual(
    call.callbacks.all.map(({ params, attempt }) => [params['state'], attempt]),
    [
      ['recording', 1],
      ['recording', 2],
      ['finished', 1],
    ],
  );
});

test('a callback whose receiver is refused is not tried again, as on a server', async () => {
  const call = await place(VOICEMAIL, { web: { [STATUS]: { fails: 'refused' } } });
  await call.caller.hearsBeep();
  await call.caller.presses('#');
  await call.ends();
  assert.deepEqual(
    call.callbacks.all.map(({ params, attempt }) => [params['state'], attempt]),
    [
      ['recording', 1],
      ['finished', 1],
    ],
  );
});

test('an outbound call rings, is answered, and then runs its document', async () => {
  const call = await place(main('- play: "say:This is a reminder."'), {
    direction: 'outbound',
    answerAfter: 3,
  });
  await call.caller.hears('reminder');
  await call.ends();
  assert.equal(call.steps[0]?.startedAt, 3);
  assert.deepEqual(
    call.timeline.slice(0, 2).map(({ text }) => text),
    ['ringing', 'answered'],
  );
});

test('packet loss is in the audio and not in its length', async () => {
  const document = main('- record: { end_silence_timeout: 1, terminators: "" }');
  const lengths: number[] = [];
  for (const loss of [0, 0.2]) {
    const call = await place(document, { network: { loss, jitterMs: 30, delayMs: 20 } });
    await call.caller.says('These words travel over a network that loses some of them.');
    await call.ends();
    const [recording] = call.recordings;
    assert.equal(recording?.endedBy, 'silence');
    lengths.push(recording.seconds);
  }
  assert.ok(Math.abs(lengths[0]! - lengths[1]!) <= 0.1, lengths.join(' '));
});

test('line noise lies under everything that is recorded', async () => {
  const call = await place(main('- record: { max_length: 2, initial_timeout: 0 }'));
  call.caller.lineNoise(-50);
  await call.ends();
  assert.ok(Math.abs(call.recordings[0]!.level() + 50) < 1, `${call.recordings[0]!.level()} dBFS`);
});

test('the same call gives the same recordings, ids, callbacks and trace each time, byte for byte, alone or beside others', async () => {
  const run = async (): Promise<unknown> => {
    const document = `${VOICEMAIL}    - set: { dice: "\${Math.random()}", now: "\${new Date().toISOString()}" }\n`;
    const call = await place(document, { network: { loss: 0.05, jitterMs: 40 }, seed: 7, trace: true });
    call.caller.lineNoise(-60);
    await call.caller.hearsBeep();
    await call.caller.says('The same words each time.');
    await call.ends();
    const { recordings, callbacks, heard, trace, received, vars } = call;
    return {
      vars,
      files: recordings.map(({ bytes }) => Buffer.from(bytes)),
      callbacks: callbacks.all,
      trace,
      received: Buffer.from(received),
      heard,
    };
  };
  const alone = await run();
  for (const other of await Promise.all([run(), run(), run(), run()])) assert.deepEqual(other, alone);
});

test('a document with errors is refused before anything happens', async () => {
  await assert.rejects(place(main('- plya: {}')), (error) => error instanceof SwmlError);
  await assert.rejects(place('no-such-file.yaml'), /ENOENT/);
});

test('a call that never ends is given up at the limit of its time', async () => {
  const call = await place(main('- sleep: -1'), { maxSeconds: 600 });
  assert.deepEqual(await call.ends(), { by: 'local', reason: 'max_duration' });
  const stuck = call.caller.hearsSilence(1, { within: 1e9 });
  await assert.rejects(
    stuck,
    (error) => error instanceof VirtualCallError || error instanceof StandstillError,
  );
});

test('a call that is ended at its limit still has its callbacks delivered, however long a receiver takes', async () => {
  const call = await place(
    main('- record: { initial_timeout: 0, end_silence_timeout: 0, status_url: "https://a.example/s" }'),
    { maxSeconds: 10, web: { 'https://a.example/s': { delay: 2 } } },
  );
  assert.equal((await call.ends()).reason, 'max_duration');
  assert.ok(call.callbacks.all.length >= 2);
});

test('recordings as mp3 and mp4 tell what is in them', async () => {
  for (const format of ['mp3', 'mp4'] as const) {
    const call = await place(
      main(`- record: { format: ${format}, stereo: true, max_length: 2, initial_timeout: 0 }`),
    );
    await call.caller.says('Some words that take more than two seconds.');
    await call.ends();
    const [recording] = call.recordings;
    assert.ok(recording !== undefined);
    assert.deepEqual([recording.format, recording.channels, recording.sampleRate], [format, 2, 8000]);
    assert.ok(Math.abs(recording.level(0) + 20) < 1.5, `${recording.level(0)} dBFS`);
    assert.ok(recording.level(1) < -70, `${recording.level(1)} dBFS`);
    assert.ok(recording.speech(0) > 1.7);
  }
});

test('calls with wideband codecs are heard and recorded in wideband', async () => {
  for (const [codec, rate] of [
    ['PCMA', 8000],
    ['G722', 16_000],
    ['OPUS', 48_000],
  ] as const) {
    const call = await place(
      main(
        '- answer: {}\n- play: "ring:1:us"\n- record: { beep: true, terminators: "#", end_silence_timeout: 0 }',
      ),
      { codec },
    );
    await call.caller.hearsTone([440, 480], { lasting: 0.5 });
    await call.caller.hearsBeep();
    await call.caller.says('Hello over there.');
    await call.caller.presses('#');
    await call.ends();
    const [recording] = call.recordings;
    assert.deepEqual(
      [call.sampleRate, recording?.sampleRate, recording?.terminator],
      [rate, rate, '#'],
      codec,
    );
    assert.ok(recording!.speech() > 0.8, `${codec}: ${recording!.speech()} s`);
  }
});

test('an answer with other codecs behind early media is one with the codec of that, as on a server', async () => {
  const call = await place(
    main(
      '- play: { url: "say:One moment.", auto_answer: false }\n- answer: { codecs: G722 }\n- play: "say:Hello."',
    ),
  );
  await call.ends();
  assert.deepEqual(
    [call.vars['answer_result'], call.spoken, call.end],
    ['success', ['One moment.', 'Hello.'], { by: 'local', reason: 'hangup' }],
  );
});

test('a trace has the story of the call, the levels of both sides, and what the server received', async () => {
  const call = await place(VOICEMAIL, { trace: true });
  await call.caller.hearsBeep();
  await call.caller.says('Please call me back.');
  await call.caller.presses('#');
  await call.ends();
  const { header, events } = parseTrace(call.trace, 'trace');
  assert.deepEqual([header.virtual, header.document_text], [true, VOICEMAIL]);
  const levels = events.filter(({ kind }) => kind === 'level');
  assert.ok(Math.abs(levels.length - call.seconds * 10) <= 2, `${levels.length} levels in ${call.seconds} s`);
  assert.ok(levels.some(({ text, data }) => text === 'speech' && Number(data['said']) > -25));
  const audio = events.find(({ data }) => data['audio'] !== undefined)!;
  // Header of the file aside, two bytes for each sample since the session was there.
  const seconds = (call.received.length - 44) / 16_000;
  assert.ok(Math.abs(seconds - (call.seconds - audio.at)) < 0.2, `${seconds} s`);
  const finished = events.find(({ kind, data }) => kind === 'callback' && data['state'] === 'finished');
  assert.equal((finished!.data['body'] as { event_type: string }).event_type, 'calling.call.record');
});

test('stubs of recognition: other words, no words, a failure, one for each utterance', async () => {
  const prompt = '- prompt: { play: "silence:0.5", speech_end_timeout: 0.5 }';
  const copy = '- set: { all: "${vars.all} %{prompt_result}:%{prompt_value}" }';
  const steps = `- set: { all: "" }\n${[1, 2, 3].map(() => `${prompt}\n${copy}`).join('\n')}`;
  const call = await place(main(steps), {
    recognition: [{ text: 'sails', confidence: 0.4 }, '', { error: 'out of order' }],
  });
  for (let utterance = 1; utterance <= 3; utterance++) {
    await call.caller.says('The sales department.');
    await call.caller.waits(1.5);
  }
  await call.ends();
  assert.equal(call.vars['all'], ' match_speech:sails no_match: failed:');
});

test('whoever answers a question at once is understood, though the prompt begins a moment later', async () => {
  const call = await place(
    main('- play: "say:How was it?"\n- prompt: { play: [], speech_end_timeout: 0.5 }\n- sleep: 1000'),
  );
  await call.caller.hears('how was it');
  await call.caller.says('It was very good.');
  await call.ends();
  assert.equal(call.vars['prompt_value'], 'It was very good.');
});

test('of what is said before somebody listens, only the rest is understood', async () => {
  const call = await place(
    main('- play: "silence:2"\n- prompt: { play: [], speech_end_timeout: 0.5, initial_timeout: 10 }'),
  );
  await call.caller.says('For nobody.');
  await call.caller.says('One two three four five six seven eight nine ten.');
  await call.ends();
  const words = String(call.vars['prompt_value']);
  assert.match(words, /^(?:four|five|six) .*nine ten\.$/);
});

test('of what speech_timeout cuts, the words until then are understood, and the rest by the next prompt', async () => {
  const first = '- prompt: { play: [], speech_timeout: 2 }\n- set: { first: "%{prompt_value}" }';
  const next = '- prompt: { play: [], speech_end_timeout: 0.5 }';
  const call = await place(main(`${first}\n${next}`));
  await call.caller.says('One two three four five six seven eight nine ten eleven twelve thirteen fourteen.');
  await call.ends();
  assert.match(String(call.vars['first']), /^One two three four .*(?:six|seven|eight)$/);
  assert.match(String(call.vars['prompt_value']), /^(?:seven|eight|nine) .*thirteen fourteen\.$/);
});

test('a recording is played by all URLs that a server takes for its own', async () => {
  const call = await place(
    main(
      '- record: { max_length: 1, initial_timeout: 0 }\n- play: { urls: ["${record_url}.wav", "${record_url}?part=1"] }',
    ),
  );
  await call.ends();
  assert.deepEqual(call.web.unanswered, []);
  assert.deepEqual(call.web.requests, []);
  assert.equal(call.played.length, 2);
});

test('of a call that comes in, a document is given the headers of the application, as by a server', () => {
  const headers = { Subject: 'Hello', 'X-Ticket': '7' };
  const named = (direction: 'inbound' | 'outbound') =>
    callInfo({ document: '', direction, headers }, 'a').headers.map(({ name }) => name);
  assert.deepEqual(named('inbound'), ['X-Ticket']);
  assert.deepEqual(named('outbound'), ['Subject', 'X-Ticket']);
});

test('a phone number alone makes it a call of the telephone network', async () => {
  const document = main('- set: { type: "${call.type}" }');
  const cases: readonly (readonly [Partial<VirtualCallOptions>, string])[] = [
    [{}, 'sip'],
    [{ from: '+15550123' }, 'phone'],
    [{ to: '+15550123', direction: 'outbound' }, 'phone'],
    [{ from: '+15550123', to: 'sip:line@example.com' }, 'sip'],
  ];
  for (const [options, type] of cases) {
    const call = await place(document, options);
    await call.ends();
    assert.equal(call.vars['type'], type, JSON.stringify(options));
  }
});
