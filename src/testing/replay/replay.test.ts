import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from '../../trace/events.ts';
import { type Trace, parseTrace } from '../../trace/format.ts';
import { readWav } from '../audio-file.ts';
import type { VirtualCallOptions } from '../options.ts';
import { type VirtualCall, virtualCall } from '../virtual-call.ts';
import type { WebHandler } from '../web.ts';
import { replay } from './replay.ts';

const VOICEMAIL = `
sections:
  main:
    - play: { url: "say:Please leave a message after the beep." }
    - record: { beep: true, end_silence_timeout: 2, status_url: "https://a.example/s" }
    - request: { url: "https://b.example/", method: POST, body: { from: "\${call.from}" }, save_variables: true }
    - play: { url: "say:Thank you \${request_response.name}." }
    - play: { url: "\${record_url}" }
`;

/** A call as it was traced. */
async function traced(
  document: string,
  act: (call: VirtualCall) => Promise<void>,
  options: Partial<VirtualCallOptions> = {},
): Promise<{ trace: Trace; audio: { samples: Int16Array; sampleRate: number } }> {
  const call = await virtualCall({ document, trace: true, ...options });
  await act(call);
  await call.ends();
  const wav = readWav(call.received);
  return {
    trace: parseTrace(call.trace, 'trace'),
    audio: { samples: wav.channel(0), sampleRate: wav.sampleRate },
  };
}

const WEB = { 'https://b.example/': { json: { name: 'Ann' } } };

async function leaveMessage({ caller }: VirtualCall): Promise<void> {
  caller.lineNoise(-60);
  await caller.hearsBeep();
  await caller.says('Please call me back on Monday.');
  await caller.waits(0.4);
  await caller.presses('#');
}

test('the same caller on the same document gives the same call', async () => {
  for (const codec of ['PCMU', 'G722'] as const) {
    const { trace, audio } = await traced(VOICEMAIL, leaveMessage, { web: WEB, codec });
    const { differences, call } = await replay(trace, { document: VOICEMAIL, audio });
    assert.deepEqual(differences, [], codec);
    const [then] = trace.events.filter(({ text }) => text === 'recording ended');
    const now = call.recordings[0]!.seconds * 1000;
    assert.ok(
      Math.abs(Number(then?.data['duration_ms']) - now) <= 40,
      `${String(then?.data['duration_ms'])} ${now}`,
    );
    assert.ok(call.recordings[0]!.speech() > 1.3);
  }
});

test('a caller who waited for the beep waits for it behind a longer prompt, too', async () => {
  const { trace, audio } = await traced(VOICEMAIL, leaveMessage, { web: WEB });
  const longer = VOICEMAIL.replace(
    'after the beep',
    'about whatever you like, in as many words as you like, after the beep',
  );
  const { differences, call } = await replay(trace, { document: longer, audio });
  assert.deepEqual(
    differences.map(({ what }) => what),
    ['spoken texts', 'length of the call'],
  );
  assert.equal(call.recordings[0]?.endedBy, 'terminator');
});

test('what comes out differently is shown as it was and as it is', async () => {
  const { trace, audio } = await traced(VOICEMAIL, leaveMessage, { web: WEB });
  const changed = VOICEMAIL.replace(
    'end_silence_timeout: 2',
    'end_silence_timeout: 2, terminators: "*"',
  ).replace(/ {4}- request.*\n/, '');
  const { differences } = await replay(trace, { document: changed, audio });
  const lines = differences.map(
    ({ what, lines }) =>
      `${what}: ${lines
        .filter(({ kind }) => kind !== 'same')
        .map(({ kind, text }) => `${kind} ${text}`)
        .join(', ')}`,
  );
  assert.deepEqual(
    lines.map((line) => line.replace(/[\d.]+ s\b/g, 'N s')),
    [
      'steps: expected request',
      'spoken texts: expected Thank you Ann., found Thank you .',
      'recordings: expected finished, ended by terminator, N s, found finished, ended by silence, N s',
      'requests: expected POST https://b.example/ 200',
      'variables: expected request_response = {"name":"Ann"}, expected request_response_body = "{\\"name\\":\\"Ann\\"}", expected request_response_code = 200, expected request_response_headers = {"content-type":"application/json"}, expected request_result = "success", expected request_url = "https://b.example/", expected return_value = "success"',
      'length of the call: expected N s, found N s',
    ].filter((line) => lines.length === 6 || !line.startsWith('length')),
  );
});

test('a caller who hung up in the middle hangs up again', async () => {
  const { trace, audio } = await traced(
    VOICEMAIL,
    async ({ caller }) => {
      await caller.hearsBeep();
      await caller.says('I will call');
      await caller.hangsUp();
    },
    { web: WEB },
  );
  const { differences, call } = await replay(trace, { document: VOICEMAIL, audio });
  assert.deepEqual(differences, []);
  assert.deepEqual(call.end, { by: 'remote', reason: 'hangup' });
});

test('a caller whose beep never comes goes on all the same, late', async () => {
  const { trace, audio } = await traced(VOICEMAIL, leaveMessage, { web: WEB });
  const { call } = await replay(trace, {
    document: 'sections: { main: [answer, { sleep: 120000 }] }',
    audio,
  });
  assert.ok(call.timeline.some(({ kind, text }) => kind === 'caller' && text === 'presses #'));
});

test('a document that comes by URL is the one of today; what else came from there then comes again', async () => {
  const url = 'https://a.example/swml';
  const beginning = (text: string): string =>
    `sections: { main: [{ play: "say:${text}" }, { transfer: { dest: "${url}" } }] }`;
  const next = { body: 'sections: { main: [{ play: "say:Goodbye." }] }' };
  const { trace, audio } = await traced(url, async () => {}, {
    web: { [url]: [{ body: beginning('Good morning.') }, next] },
  });
  for (const [document, spoken] of [
    [url, ['Good evening.', 'Goodbye.']],
    ['https://ann:s3cret@a.example/swml#rt=4000', ['Good evening.', 'Goodbye.']],
    // Where the traced call asked nobody at the beginning, nothing is left out of what it was answered.
    ['https://b.example/swml', ['Good evening.', 'Good morning.', 'Goodbye.']],
  ] as const) {
    const { call } = await replay(trace, {
      document,
      documentText: beginning('Good evening.'),
      audio,
    });
    assert.deepEqual(call.spoken, spoken, document);
  }
  // As a server with `document.method: GET` writes it: what was answered to a POST there answered the script.
  const first = trace.events.find(({ kind }) => kind === 'web');
  const events = trace.events.map((event) => (event === first ? { ...event, text: `GET ${url}` } : event));
  const documentText = beginning('Good evening.');
  const { call } = await replay({ ...trace, events }, { document: url, documentText, audio });
  assert.deepEqual(call.spoken, ['Good evening.', 'Goodbye.']);
});

test('requests and files whose URLs have a fragment are answered as they were', async () => {
  const document = `
sections:
  main:
    - request: { url: "https://b.example/#tt=9000", method: GET }
    - play: "https://a.example/tone.wav#rt=9000"
`;
  const { trace, audio } = await traced(document, async () => {}, {
    web: { ...WEB, 'https://a.example/tone.wav': { sound: { tone: 440, seconds: 1 } } },
  });
  // As a server writes them.
  const events = trace.events.map((event) =>
    event.text === 'GET https://b.example/' ? { ...event, text: `${event.text}#tt=9000` } : event,
  );
  assert.notDeepEqual(events, trace.events);
  const { differences } = await replay({ ...trace, events }, { document, audio });
  assert.deepEqual(differences, []);
});

test('callbacks to an address that is asked as well take none of its answers', async () => {
  const document = `
sections:
  main:
    - record: { max_length: 1, status_url: "https://a.example/hook" }
    - request: { url: "https://a.example/hook", method: POST, save_variables: true }
    - set: { first: "\${request_response.number}" }
    - request: { url: "https://a.example/hook", method: POST, save_variables: true }
`;
  let asked = 0;
  const hook: WebHandler = ({ purpose }) => (purpose === 'callback' ? {} : { json: { number: ++asked } });
  const { trace, audio } = await traced(document, async () => {}, {
    web: { 'https://a.example/hook': hook },
  });
  const { differences, call } = await replay(trace, { document, audio });
  assert.equal(asked, 2);
  assert.deepEqual(differences, []);
  assert.equal(String(call.vars['first']), '1');
});

test('requests with the id of the call in their URL are answered as they were, and ids within variables are no difference', async () => {
  const document = `
sections:
  main:
    - request: { url: "https://b.example/calls/\${call.call_id}?part=1", method: GET, save_variables: true }
    - set: { known: { ids: ["\${call.call_id}"], name: "\${request_response.name}" } }
    - play: "https://b.example/greetings/\${call.call_id}.wav"
`;
  const { trace, audio } = await traced(document, async () => {}, {
    seed: 7,
    web: {
      'https://b.example/calls/*': { json: { name: 'Ann' } },
      'https://b.example/greetings/*': { sound: { tone: 440, seconds: 1 } },
    },
  });
  const { differences, call } = await replay(trace, { document, audio });
  assert.deepEqual(call.web.unanswered, []);
  assert.deepEqual(differences, []);
});

test('in the place of an id in a URL stands another id, and nothing else', async () => {
  const document = `
sections:
  main:
    - request: { url: "https://b.example/calls/\${call.call_id}", method: GET }
    - request: { url: "https://b.example/calls/", method: GET, save_variables: true }
    - set: { list: "\${request_response.name}" }
    - play: silence:1
`;
  const { trace, audio } = await traced(document, async () => {}, {
    seed: 7,
    web: {
      'https://b.example/calls/*': ({ url }) => ({ json: { name: url.endsWith('/') ? 'all' : 'one' } }),
    },
  });
  const { differences, call } = await replay(trace, { document, audio });
  assert.equal(String(call.vars['list']), 'all');
  assert.deepEqual(differences, []);
  const other = document.replace('call_id}', 'call_id}/notes');
  const { call: now } = await replay(trace, { document: other, audio });
  assert.equal(now.web.unanswered.length, 1);
});

test('a request that waited in vain waits again', async () => {
  const document = `
sections:
  main:
    - answer
    - request: { url: "https://slow.example/time", method: GET }
    - sleep: 1000
`;
  // As a server writes it; older ones did not say how long it took.
  const failed = async (failure: string): Promise<readonly string[]> => {
    const { trace, audio } = await traced(
      document,
      async ({ caller }) => {
        await caller.waits(2);
        await caller.hangsUp();
      },
      { web: { 'https://slow.example/time': { fails: 'timeout' } } },
    );
    const events = trace.events.map((event) =>
      event.kind === 'web' ? { ...event, data: { ...event.data, failure, took_ms: undefined } } : event,
    );
    const { call } = await replay({ ...trace, events }, { document, audio });
    return call.steps.map(({ method }) => method);
  };
  assert.deepEqual(await failed('the request is no longer wanted'), ['answer', 'request']);
  assert.deepEqual(await failed('https://slow.example/time: not complete within 5000 ms'), [
    'answer',
    'request',
  ]);
  assert.deepEqual(await failed('https://slow.example/time: no connection could be made (ECONNREFUSED)'), [
    'answer',
    'request',
    'sleep',
  ]);
});

test('a slow answer of the web takes as long as then; one of which the trace does not say so comes at once', async () => {
  const document = `
sections:
  main:
    - answer
    - request: { url: "https://b.example/slow", method: GET }
    - execute: { dest: "https://b.example/part" }
`;
  const { trace, audio } = await traced(document, async () => {}, {
    web: {
      'https://b.example/slow': { delay: 4 },
      'https://b.example/part': { delay: 3, body: 'sections: { main: [{ set: { done: 1 } }] }' },
    },
  });
  const { differences, call } = await replay(trace, { document, audio });
  assert.deepEqual(differences, []);
  assert.ok(call.seconds > 6.9, `${call.seconds} s`);
  const events = trace.events.map(({ data: { took_ms: _took, ...data }, ...event }) => ({ ...event, data }));
  const old = await replay({ ...trace, events }, { document, audio });
  assert.deepEqual(
    old.differences.map(({ what }) => what),
    ['length of the call'],
  );
  // Who waits less long today than the answer took is answered all the same.
  const slower = trace.events.map((event) =>
    event.data['took_ms'] === undefined ? event : { ...event, data: { ...event.data, took_ms: 9000 } },
  );
  const late = await replay({ ...trace, events: slower }, { document, audio });
  assert.equal(String(late.call.vars['done']), '1');
});

test('a caller who was called answers when he did', async () => {
  const document = 'sections: { main: [{ play: "say:Good morning." }] }';
  const { trace, audio } = await traced(document, async () => {}, { direction: 'outbound', answerAfter: 9 });
  const { differences, call } = await replay(trace, { document, audio });
  assert.deepEqual(differences, []);
  assert.ok(call.seconds > 9);
});

test('tokens in answers, which traces of older versions have, are no difference', async () => {
  const document = `
sections:
  main:
    - request: { url: "https://b.example/", method: GET }
    - play: silence:1
`;
  const { trace, audio } = await traced(document, async () => {}, {
    web: { 'https://b.example/': { headers: { 'X-Subject-Token': 'secret' } } },
  });
  const events = JSON.parse(JSON.stringify(trace.events).replaceAll('(left out)', 'secret')) as CallEvent[];
  assert.notDeepEqual(events, trace.events);
  const { differences } = await replay({ ...trace, events }, { document, audio });
  assert.deepEqual(differences, []);
});

test('keys that sounded in the audio of a line without events are heard again', async () => {
  const { trace, audio } = await traced(VOICEMAIL, leaveMessage, { web: WEB, keys: 'inband' });
  const { differences, call } = await replay(trace, { document: VOICEMAIL, audio });
  assert.deepEqual(differences, []);
  assert.equal(call.recordings[0]?.endedBy, 'terminator');
});

test('what was understood of the caller is understood again, and what was not is not', async () => {
  const prompt = 'prompt: { play: "say:Whom do you want?", speech_end_timeout: 1 }';
  const document = `
sections:
  main:
    - ${prompt}
    - ${prompt}
    - play: "say:You want \${prompt_value}."
`;
  const { trace, audio } = await traced(
    document,
    async ({ caller }) => {
      for (const words of ['Well, let me think about it.', 'The sales department, please.']) {
        await caller.hears('do you want');
        await caller.waits(0.5);
        await caller.says(words);
      }
    },
    { recognition: [''] },
  );
  const { differences, call } = await replay(trace, { document, audio });
  assert.equal(call.vars['prompt_value'], 'The sales department, please.');
  assert.deepEqual(differences, []);
});

test('warnings that a server told somebody of are no difference', async () => {
  const { trace, audio } = await traced(VOICEMAIL, leaveMessage, { web: WEB });
  const told: CallEvent = {
    at: 1,
    kind: 'callback',
    text: 'calling.script.warning',
    data: { url: 'https://a.example/w' },
  };
  const { differences } = await replay(
    { ...trace, events: [...trace.events.slice(0, 1), told, ...trace.events.slice(1)] },
    { document: VOICEMAIL, audio },
  );
  assert.deepEqual(differences, []);
});

test('taps and streams connect as they did then, and end where the other side ended them', async () => {
  const document = `
sections:
  main:
    - tap: { uri: "wss://a.example/tap" }
    - stream: { url: "wss://a.example/gone", status_url: "https://a.example/s" }
    - connect: { to: "stream:wss://a.example/agent?x=1" }
    - play: "say:Goodbye."
`;
  const { trace, audio } = await traced(document, async ({ streams, caller }) => {
    streams.webSocket('wss://a.example/tap');
    const agent = streams.webSocket('wss://a.example/agent');
    await agent.receives({ event: 'media' });
    await caller.waits(2);
    agent.hangsUp();
  });
  const { differences, call } = await replay(trace, { document, audio });
  assert.deepEqual(differences, []);
  assert.equal(call.vars['stream_result'], 'failed');
  assert.equal(call.vars['connect_result'], 'connected');
});
