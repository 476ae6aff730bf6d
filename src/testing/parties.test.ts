/** `connect` on virtual calls: the real legs, bridge, recorders and callbacks, with somebody at both ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AudioCodec } from '../mediaworker/protocol.ts';
import { findTone, MumblingVoice, VirtualCallError, virtualCall } from './index.ts';
import type { VirtualCallOptions } from './options.ts';

const DESK = 'sip:desk@example.com';
const voice = new MumblingVoice();

const document = (main: readonly unknown[]) => ({ sections: { main } });

function call(main: readonly unknown[], options: Partial<VirtualCallOptions> = {}) {
  return virtualCall({ document: document(main) as never, voice, ...options });
}

/** A tone of a second. */
function tone(frequencyHz: number, sampleRate: number): Int16Array {
  return Int16Array.from({ length: sampleRate }, (_, n) =>
    Math.round(8000 * Math.sin((2 * Math.PI * frequencyHz * n) / sampleRate)),
  );
}

/** How long the first stretch of a tone lasts, seconds; 0: it is not there. */
function toneIn(samples: Int16Array, sampleRate: number, ...frequenciesHz: number[]): number {
  const found = findTone(samples, sampleRate, frequenciesHz, 200);
  return found === undefined ? 0 : (found.toMs - found.fromMs) / 1000;
}

const CODECS: readonly (readonly [AudioCodec, AudioCodec])[] = [
  ['PCMU', 'PCMA'],
  ['G722', 'PCMU'],
  ['PCMU', 'OPUS'],
  ['OPUS', 'G722'],
];

for (const [one, other] of CODECS) {
  test(`a caller with ${one} and a called side with ${other} hear each other; a recording holds both sides`, async () => {
    const main = [{ record_call: { stereo: true, format: 'wav' } }, { connect: { to: DESK } }];
    const run = await call(main, { codec: one, parties: { [DESK]: { codec: other } } });
    const desk = await run.party(DESK);
    await desk.waits(3);
    await run.caller.playsSamples(tone(700, run.sampleRate));
    await desk.playsSamples(tone(1200, desk.sampleRate));
    await desk.waits(0.5);
    await desk.hangsUp();
    await run.ends();
    assert.equal(run.vars['connect_result'], 'connected');
    const near = (seconds: number, what: string) =>
      assert.ok(Math.abs(seconds - 1) < 0.06, `${what}: ${seconds} s`);
    near(toneIn(desk.heard, desk.sampleRate, 700), 'the called side hears the caller');
    near(toneIn(run.heard, run.sampleRate, 1200), 'the caller hears the called side');
    const [recording] = run.recordings;
    const { sampleRate } = recording!;
    const [left, right] = [recording!.samples(0), recording!.samples(1)];
    near(toneIn(left, sampleRate, 700), 'left');
    near(toneIn(right, sampleRate, 1200), 'right');
    assert.equal(toneIn(left, sampleRate, 1200), 0);
  });
}

test('words cross the bridge both ways, and keys', async () => {
  const run = await call([{ connect: { to: DESK } }], { parties: { [DESK]: { answersAfter: 1 } } });
  const desk = await run.party(DESK);
  await desk.says('Desk speaking');
  await run.caller.hears('desk speaking');
  await run.caller.says('I have a question');
  await desk.hears(/question/);
  await run.caller.presses('12');
  await desk.waits(1);
  await run.caller.hangsUp();
  await run.ends();
  assert.equal(desk.keysSent, '12');
  assert.deepEqual(desk.end, { by: 'local', reason: 'hangup' });
});

test('whoever is called may be busy, decline, not answer or not be there; the next one is called', async () => {
  const main = [
    {
      connect: {
        timeout: 10,
        call_state_url: 'https://app.example/s',
        serial: ['busy', 'declined', 'silent', 'nobody', 'home'].map((to) => ({
          to: `sip:${to}@example.com`,
        })),
      },
    },
  ];
  const run = await call(main, {
    web: { '*': {} },
    parties: {
      'sip:busy@*': { refuses: 'busy' },
      'sip:declined@*': { refuses: 'declined', answersAfter: 1 },
      'sip:silent@*': { refuses: 'no_answer' },
      'sip:home@*': { does: (home) => home.hears('never').catch(() => {}) as Promise<void> },
    },
  });
  const home = await run.party('sip:home@example.com');
  await home.waits(3);
  await home.hangsUp();
  await run.ends();
  const ends = run.callbacks.all.map(({ params }) => params['end_reason']);
  assert.deepEqual(ends, ['busy', 'decline', 'noAnswer', 'not_found', 'hangup']);
  assert.equal(run.vars['connect_result'], 'connected');
});

test('who refuses is let go with the call, and hears nothing more', async () => {
  const run = await call([{ connect: { to: DESK } }, { play: 'silence:5' }], {
    parties: { [DESK]: { refuses: 'busy', answersAfter: 1 } },
  });
  const desk = await run.party(DESK);
  await run.ends();
  const seconds = desk.heard.length / desk.sampleRate;
  assert.ok(seconds < 2, `${seconds} s`);
});

test('who is to say something and refuses fails the call’s end at once', async () => {
  const run = await call([{ connect: { to: DESK } }], {
    parties: { [DESK]: { refuses: 'busy', answersAfter: 1, does: (desk) => desk.says('Wait') } },
  });
  await assert.rejects(run.ends(), /was not answered, so the caller never says "Wait"/);
});

test('a phone number is called from the number of the caller, or of what the document names, as by a server', async () => {
  const to = '+15550100';
  const connect = { to, call_state_url: 'https://app.example/s' };
  const steps = [{ connect }, { connect: { ...connect, from: 'tel:+1-555-0177' } }];
  const run = await call(steps, { web: { '*': {} }, parties: { [to]: { refuses: 'busy' } } });
  await run.ends();
  assert.deepEqual(
    run.callbacks.all.map(({ params }) => params['device']),
    ['caller', '+15550177'].map((number) => ({
      type: 'phone',
      params: { from_number: number, to_number: to },
    })),
  );
});

test('a call that no server could make is lost at once, and nobody is rung', async () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ headers: [{ name: 'X Order', value: '5' }] }, /"X Order" is no name of a header/],
    [{ headers: [{ name: 'X-Order', value: '5\n' }] }, /X-Order holds a control character/],
    [
      { headers: [{ name: 'Contact', value: 'x' }] },
      /Contact of an outgoing call is written by the SIP stack/,
    ],
    [{ from_name: 'Ann\nBob' }, /the name of the caller holds a control character/],
    [{ to: 'sip:@example.com' }, /no user/],
    [{ codecs: 'ILBC' }, /none of the codecs/],
  ];
  for (const [own, reason] of cases) {
    const call_state_events = ['ringing', 'ended'];
    const connect = { to: DESK, call_state_url: 'https://app.example/s', call_state_events, ...own };
    const run = await call([{ connect }], { web: { '*': {} }, parties: { '*': {} } });
    await run.ends();
    assert.equal(run.vars['connect_failed_reason'], 'error');
    assert.deepEqual(run.parties, []);
    assert.deepEqual(
      run.callbacks.all.map(({ params }) => params['call_state']),
      ['ended'],
    );
    const warning = run.timeline.find(({ kind }) => kind === 'warning');
    assert.match(String(warning?.data['reason']), reason);
    assert.ok(run.seconds < 1, `${run.seconds} s`);
  }
});

test('a called side that hangs up while its telephone rings declines', async () => {
  const connect = { to: DESK, call_state_url: 'https://app.example/s' };
  const run = await call([{ connect }], { web: { '*': {} }, parties: { [DESK]: { answersAfter: 5 } } });
  const desk = await run.party(DESK);
  await desk.waits(1);
  await desk.hangsUp();
  await run.ends();
  assert.deepEqual(desk.end, { by: 'remote', reason: 'decline', status: 603 });
  assert.equal(run.vars['connect_failed_reason'], 'decline');
  assert.equal(run.callbacks.all[0]?.params['end_reason'], 'decline');
});

test('parallel: all ring, the first to answer is connected, the other stops ringing', async () => {
  const main = [{ connect: { parallel: [{ to: 'sip:a@example.com' }, { to: 'sip:b@example.com' }] } }];
  const run = await call(main, {
    parties: { 'sip:a@*': { answersAfter: 5 }, 'sip:b@*': { answersAfter: 3 } },
  });
  const a = await run.party('sip:a@example.com');
  const b = await run.party('sip:b@example.com');
  await b.waits(4);
  assert.equal(b.talking, true);
  assert.deepEqual(a.end, { by: 'local', reason: 'cancel' });
  await b.hangsUp();
  await run.ends();
});

test('the caller hears ringing until the talk, and not during it', async () => {
  const run = await call([{ connect: { to: DESK } }], { parties: { [DESK]: { answersAfter: 4 } } });
  const desk = await run.party(DESK);
  await desk.waits(10);
  await desk.hangsUp();
  await run.ends();
  const ringing = findTone(run.heard, 8000, [440, 480], 200);
  assert.ok(ringing!.toMs - ringing!.fromMs > 1900, JSON.stringify(ringing));
  assert.equal(findTone(run.heard.subarray(4.5 * 8000), 8000, [440, 480], 100), undefined);
});

test('confirm: the called side is asked, the caller hears ringing; its recording survives the bridge', async () => {
  const confirm = [
    { record_call: { format: 'wav', stereo: true } },
    { prompt: { play: 'say:Press one to take the call', max_digits: 1 } },
    // biome-ignore lint/suspicious/noThenProperty: the name that the language gives it
    { cond: [{ when: "prompt_value != '1'", then: [{ hangup: {} }] }] },
  ];
  const run = await call([{ connect: { to: DESK, confirm } }], { parties: { [DESK]: { answersAfter: 1 } } });
  const desk = await run.party(DESK);
  await desk.hears('take the call');
  assert.equal(run.vars['prompt_value'], undefined);
  await desk.presses('1');
  await desk.waits(1);
  await run.caller.playsSamples(tone(700, 8000));
  await desk.playsSamples(tone(1200, 8000));
  await desk.hangsUp();
  await run.ends();
  assert.equal(run.vars['connect_result'], 'connected');
  assert.equal(run.recordings.length, 0);
  const [recording] = run.recordingsOf(desk.callId);
  assert.equal(recording!.endedBy, 'hangup');
  assert.ok(toneIn(recording!.samples(0), 8000, 1200) > 0.9, 'left: the called side');
  assert.ok(toneIn(recording!.samples(1), 8000, 700) > 0.9, 'right: what it hears, the caller');
});

test('confirm: what was recorded as mp3 on the called side can be looked into when the call is over', async () => {
  const confirm = [{ record_call: { format: 'mp3' } }];
  const run = await call([{ connect: { to: DESK, confirm } }], { parties: { [DESK]: { answersAfter: 1 } } });
  const desk = await run.party(DESK);
  await desk.waits(2);
  await desk.playsSamples(tone(1200, 8000));
  await desk.hangsUp();
  await run.ends();
  const [recording] = run.recordingsOf(desk.callId);
  assert.equal(recording!.format, 'mp3');
  assert.ok(toneIn(recording!.samples(), recording!.sampleRate, 1200) > 0.8);
});

test('the caller hangs up at any moment: nobody is left on the line', async () => {
  for (const after of [0.1, 1, 2, 2.01, 2.1, 5]) {
    const main = [{ record_call: {} }, { connect: { to: DESK } }];
    const run = await call(main, { parties: { [DESK]: {} } });
    await run.caller.waits(after);
    await run.caller.hangsUp();
    await run.ends();
    for (const party of run.parties) assert.notEqual(party.end, undefined, `after ${after} s`);
    assert.equal(run.recordings[0]?.endedBy, 'hangup');
  }
});

test('the called side hangs up at any moment: the script goes on', async () => {
  for (const after of [0.5, 2, 2.01, 4]) {
    const run = await call([{ connect: { to: DESK } }, { set: { after: true } }], {
      parties: { [DESK]: {} },
    });
    const desk = await run.party(DESK);
    await desk.waits(after);
    await desk.hangsUp();
    await run.ends();
    assert.equal(run.vars['after'], true, `after ${after} s`);
    assert.match(String(run.vars['connect_result']), /^(?:connected|failed)$/);
  }
});

test('both sides hang up at the same moment', async () => {
  const run = await call([{ record_call: {} }, { connect: { to: DESK } }], { parties: { [DESK]: {} } });
  const desk = await run.party(DESK);
  await desk.waits(4);
  await Promise.all([run.caller.hangsUp(), desk.hangsUp()]);
  await run.ends();
  assert.deepEqual([run.end?.by, desk.end?.by], ['remote', 'remote']);
  assert.equal(run.recordings[0]?.endedBy, 'hangup');
});

test('answer_on_bridge: the caller is answered at the talk, and hears ringback of the document before', async () => {
  const main = [{ connect: { to: DESK, answer_on_bridge: true, ringback: ['ring:us'] } }];
  const run = await call(main, { parties: { [DESK]: { answersAfter: 3 } } });
  const desk = await run.party(DESK);
  await run.caller.hearsTone([440, 480], { lasting: 1 });
  assert.equal(desk.talking, false);
  await desk.says('Hello');
  await run.caller.hears('hello');
  await desk.hangsUp();
  await run.ends();
  assert.equal(run.vars['connect_result'], 'connected');
});

for (const [title, main] of [
  [
    'the announcement of a destination',
    [{ connect: { answer_on_bridge: true, serial: [{ to: 'sip:full@example.com' }, { to: DESK }] } }],
  ],
  [
    'a sound of the document',
    [{ play: { url: 'silence:0.5', auto_answer: false } }, { connect: { to: DESK, answer_on_bridge: true } }],
  ],
] as const) {
  test(`an unanswered caller that has heard ${title} hears ringing of ours, for its telephone is silent`, async () => {
    const run = await call(main, {
      parties: {
        'sip:full@*': { earlyMedia: {}, refuses: 'busy', answersAfter: 2 },
        [DESK]: { answersAfter: 4 },
      },
    });
    await run.caller.hearsTone([440, 480], { lasting: 1 });
    const desk = await run.party(DESK);
    assert.equal(desk.talking, false);
    await desk.waits(5);
    await desk.hangsUp();
    await run.ends();
    assert.equal(run.vars['connect_result'], 'connected');
  });
}

test('callbacks of a called side by GET stand on the timeline of its call, as those by POST', async () => {
  const url = 'wss://media.example.com/audio';
  const stream = { url, status_url: 'https://app.example/s', status_url_method: 'GET' };
  const run = await call([{ connect: { to: DESK, confirm: [{ stream }] } }], { parties: { [DESK]: {} } });
  run.streams.webSocket(url);
  const desk = await run.party(DESK);
  await desk.waits(4);
  await desk.hangsUp();
  await run.ends();
  assert.deepEqual(
    run.timeline.flatMap(({ kind, text, leg, data: { state } }) =>
      kind === 'callback' ? [[text, leg, state]] : [],
    ),
    [
      ['calling.call.stream', 1, 'streaming'],
      ['calling.call.stream', 1, 'finished'],
    ],
  );
});

test('max_duration ends the talk, not the caller’s script', async () => {
  const run = await call([{ connect: { to: DESK, max_duration: 5 } }, { play: 'say:That was it' }], {
    parties: { [DESK]: { answersAfter: 1 } },
  });
  await run.caller.hears('that was it');
  await run.ends();
  assert.deepEqual(run.parties[0]?.end, { by: 'local', reason: 'max_duration' });
  assert.ok(run.seconds > 6 && run.seconds < 8, `${run.seconds} s`);
});

test('of what a party says when the talk ends, the caller has heard what sounded until then', async () => {
  const does = (desk: { says(text: string): Promise<void> }): Promise<void> =>
    desk.says('One two three four five six seven eight nine ten eleven twelve thirteen fourteen.');
  const main = [{ connect: { to: DESK, max_duration: 2 } }, { sleep: 5000 }];
  const run = await call(main, { parties: { [DESK]: { answersAfter: 1, does } } });
  await run.ends();
  assert.match(run.transcript, /^One two three( \w+)* (?:six|seven|eight)$/);
  assert.equal(run.sounds.find(({ kind }) => kind === 'say')?.cut, true);
});

test('what a party cannot do fails the call’s end, with its name', async () => {
  const does = (desk: { hears(words: string): Promise<unknown> }): Promise<void> =>
    desk.hears('something else').then(() => {});
  const run = await call([{ connect: { to: DESK, max_duration: 3 } }], { parties: { [DESK]: { does } } });
  await assert.rejects(
    run.ends(),
    (error) =>
      error instanceof VirtualCallError && /sip:desk@example\.com: .*did not hear/.test(error.summary),
  );
});

test('each call to somebody is given out once, also where two wait for one side by side', async () => {
  const run = await call([{ connect: { to: DESK } }, { connect: { to: DESK } }], {
    parties: { [DESK]: { refuses: 'busy', answersAfter: 1 } },
  });
  const [first, second] = await Promise.all([run.party(DESK), run.party(DESK)]);
  assert.deepEqual([first.number, second.number], [1, 2]);
  await run.ends();
});

test('a wait for somebody that was given up takes no later call', async () => {
  const run = await call([{ play: 'silence:3' }, { connect: { to: DESK } }], {
    parties: { [DESK]: { refuses: 'busy' } },
  });
  await assert.rejects(run.party(DESK, { within: 1 }), VirtualCallError);
  assert.equal((await run.party(DESK)).number, 1);
  await run.ends();
});

test('waiting for somebody who is never called fails with the time', async () => {
  const run = await call([{ play: 'silence:10' }]);
  await assert.rejects(run.party(DESK, { within: 2 }), /no call to sip:desk@example\.com within 2 s/);
  await run.ends();
});

test('nothing that a call leaves behind has the password of an address', async () => {
  const to = 'sip:ann:s3cret@example.com';
  const destinations = [
    { to, encryption: 'mandatory' },
    { to: 'stream:wss://ann:s3cret@example.com/gone' },
    { to, from: 'sip:me:s3cret@example.com' },
    { to },
  ];
  const hook = 'https://ann:s3cret@app.example/s';
  const step = { serial: destinations, status_url: hook, call_state_url: hook };
  const run = await call([{ connect: step }, { request: { url: hook, method: 'GET' } }], {
    web: { '*': {} },
    trace: true,
    parties: { [to]: { refuses: 503 } },
  });
  await run.ends();
  const warnings = run.timeline.filter(({ kind }) => kind === 'warning');
  assert.equal(warnings.length, 4);
  assert.match(String(warnings[0]?.data['reason']), /^"sip:ann@example\.com" cannot be called: /);
  assert.deepEqual(
    run.parties.map(({ to: shown, end }) => [shown, end?.status]),
    Array(2).fill(['sip:ann@example.com', 503]),
  );
  assert.doesNotMatch(run.trace, /s3cret/);
  assert.doesNotMatch(JSON.stringify(run.callbacks.all.map(({ body }) => body)), /s3cret/);
});
