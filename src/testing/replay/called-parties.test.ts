/** Traced calls that called others, called again: those who were called do what they did. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Trace, parseTrace } from '../../trace/format.ts';
import { readWav } from '../audio-file.ts';
import { MumblingVoice } from '../mumbling-voice.ts';
import type { VirtualCallOptions } from '../options.ts';
import { type VirtualCall, virtualCall } from '../virtual-call.ts';
import type { PartyAudio } from './follower.ts';
import { replay, type ReplayResult } from './replay.ts';

const voice = new MumblingVoice();
const DESK = 'sip:desk@example.com';

interface Traced {
  readonly trace: Trace;
  readonly audio: PartyAudio;
  readonly partyAudio: ReadonlyMap<number, PartyAudio>;
}

/** A call as it was traced. */
async function traced(
  document: string,
  act: (call: VirtualCall) => Promise<void>,
  options: Partial<VirtualCallOptions> = {},
): Promise<Traced> {
  const call = await virtualCall({ document, trace: true, voice, web: { '*': {} }, ...options });
  await act(call);
  await call.ends();
  const heard = call.parties.filter(({ received }) => received.length > 0);
  return {
    trace: parseTrace(call.trace, 'trace'),
    audio: audioOf(call.received),
    partyAudio: new Map(heard.map(({ number, received }) => [number, audioOf(received)])),
  };
}

function audioOf(bytes: Uint8Array): PartyAudio {
  const wav = readWav(bytes);
  return { samples: wav.channel(0), sampleRate: wav.sampleRate };
}

function again({ trace, ...audio }: Traced, document: string): Promise<ReplayResult> {
  return replay(trace, { document, voice, ...audio });
}

/** Differences in one line each. */
function told({ differences }: ReplayResult): readonly string[] {
  return differences.map(({ what, lines }) => {
    const changed = lines.filter(({ kind }) => kind !== 'same');
    return `${what}: ${changed.map(({ kind, text }) => `${kind === 'expected' ? '-' : '+'} ${text}`).join(', ')}`;
  });
}

const main = (...steps: readonly unknown[]): string => JSON.stringify({ sections: { main: steps } });

const RECORDED = [
  { record_call: { stereo: true, format: 'wav' } },
  {
    connect: {
      to: DESK,
      status_url: 'https://a.example/s',
      call_state_url: 'https://a.example/c',
      call_state_events: ['created', 'ringing', 'answered', 'ended'],
    },
  },
  { play: 'say:Goodbye' },
] as const;

test('a talk is had again: both sides speak and press as they did, and the recording across the bridge is as long', async () => {
  for (const codec of ['PCMU', 'G722'] as const) {
    const then = await traced(
      main(...RECORDED),
      async (call) => {
        const desk = await call.party(DESK);
        await desk.makes({ tone: 1200, seconds: 1 });
        await call.caller.makes({ tone: 700, seconds: 1 });
        await desk.presses('5');
        await desk.makes({ tone: 1200, seconds: 0.5 });
        await desk.hangsUp();
      },
      { parties: { [DESK]: { answersAfter: 3, codec } } },
    );
    const now = await again(then, main(...RECORDED));
    assert.deepEqual(told(now), [], codec);
    const [desk] = now.call.parties;
    const [recording] = now.call.recordings;
    for (const frequencyHz of [700, 1200]) assert.ok(recording!.hasTone(frequencyHz), `${frequencyHz} Hz`);
    assert.ok(desk!.heard.length / desk!.sampleRate > 3);
    assert.equal(now.call.keysSent, '5');
    assert.deepEqual(desk!.end, { by: 'remote', reason: 'hangup' });
  }
});

test('what comes out differently of a talk is shown: nobody reached in time, another one called, none called', async () => {
  const then = await traced(
    main(...RECORDED),
    async (call) => {
      const desk = await call.party(DESK);
      await desk.waits(6);
      await desk.hangsUp();
    },
    { parties: { [DESK]: { answersAfter: 3 } } },
  );
  const impatient = main(RECORDED[0], { connect: { ...RECORDED[1].connect, timeout: 2 } }, RECORDED[2]);
  const lines = told(await again(then, impatient));
  assert.ok(
    lines.includes(`called parties: - ${DESK}: answered, connected, hung up, + ${DESK}: did not answer`),
    lines.join('\n'),
  );
  assert.ok(lines.some((line) => line.startsWith('variables: ') && /connect_result = "failed"/.test(line)));
  const elsewhere = main(RECORDED[0], { connect: { to: 'sip:night@example.com' } }, RECORDED[2]);
  assert.ok(
    told(await again(then, elsewhere)).includes(
      `called parties: - ${DESK}: answered, connected, hung up, + sip:night@example.com (the trace knows of no such call)`,
    ),
  );
  const twice = main(...RECORDED, RECORDED[1]);
  assert.ok(
    told(await again(then, twice)).includes(`called parties: + ${DESK} (the trace knows of no such call)`),
  );
  assert.ok(
    told(await again(then, main(RECORDED[0], RECORDED[2]))).includes(
      `called parties: - ${DESK}: answered, connected, hung up`,
    ),
  );
});

test('in turn, at once and mixed: who was busy, declined, failed, rang in vain, was cancelled and won does so again', async () => {
  const to = (...names: readonly string[]) => names.map((name) => ({ to: `sip:${name}@example.com` }));
  const connect = {
    timeout: 6,
    status_url: 'https://a.example/s',
    serial_parallel: [
      to('busy', 'declines'),
      to('silent'),
      to('broken', 'overloaded'),
      to('slow', 'quick', 'quick'),
    ],
  };
  const document = main({ connect }, { play: 'say:Goodbye' });
  const then = await traced(
    document,
    async (call) => {
      const quick = await call.party('sip:quick@example.com');
      await quick.waits(4);
      await call.caller.hangsUp();
    },
    {
      parties: {
        'sip:busy@*': { refuses: 'busy', answersAfter: 1 },
        'sip:declines@*': { refuses: 'declined', answersAfter: 3 },
        'sip:silent@*': { refuses: 'no_answer', ringsAfter: 'never' },
        'sip:broken@*': { refuses: 'error', answersAfter: 0.5 },
        'sip:overloaded@*': { refuses: 503, answersAfter: 0.2 },
        'sip:slow@*': { answersAfter: 5 },
        'sip:quick@*': { answersAfter: 2, ringsAfter: 1 },
      },
    },
  );
  const now = await again(then, document);
  assert.deepEqual(told(now), []);
  const ends = now.call.parties.map(({ to, end }) => [to.slice(4, -12), end?.by, end?.reason, end?.status]);
  assert.deepEqual(ends, [
    ['busy', 'remote', 'busy', 486],
    ['declines', 'remote', 'decline', 603],
    ['silent', 'remote', 'noAnswer', undefined],
    ['broken', 'remote', 'error', undefined],
    ['overloaded', 'remote', 'error', 503],
    ['slow', 'local', 'cancel', undefined],
    ['quick', 'local', 'hangup', undefined],
    ['quick', 'local', 'cancel', undefined],
  ]);
  const patient = await again(then, main({ connect: { ...connect, timeout: 20 } }, { play: 'say:Goodbye' }));
  // Whom nobody waited for may take longer: it rings on until it is given up.
  assert.match(told(patient).join('\n'), /called parties: - .*, \+ sip:silent@example\.com: cancelled$/m);
});

test('a call that cannot be made is lost again, and whoever is called behind it does what it did', async () => {
  const headers = [{ name: 'Contact', value: 'x' }];
  const document = main(
    { connect: { serial: [{ to: DESK, headers }, { to: DESK }] } },
    { play: 'say:Goodbye' },
  );
  const then = await traced(
    document,
    async (call) => {
      const desk = await call.party(DESK);
      await desk.makes({ tone: 1200, seconds: 1 });
      await desk.hangsUp();
    },
    { parties: { [DESK]: { answersAfter: 1 } } },
  );
  const now = await again(then, document);
  assert.deepEqual(told(now), []);
  assert.equal(now.call.vars['connect_result'], 'connected');
  assert.deepEqual(
    now.call.parties.map(({ number, end }) => [number, end]),
    [[2, { by: 'remote', reason: 'hangup' }]],
  );
});

test('confirm: what the called side was asked and pressed, and its recording, come again; another question is told', async () => {
  const confirm = [
    { record_call: { format: 'wav' } },
    { prompt: { play: 'say:Press one to take the call', max_digits: 1 } },
    // biome-ignore lint/suspicious/noThenProperty: the name that the language gives it
    { cond: [{ when: "prompt_value != '1'", then: [{ hangup: {} }] }] },
  ];
  const document = main({
    connect: { serial: [{ to: 'sip:first@example.com' }, { to: DESK }], confirm, ringback: ['ring:10:de'] },
  });
  const then = await traced(
    document,
    async (call) => {
      const first = await call.party('sip:first@example.com');
      await first.hears('take the call');
      await first.presses('2');
      const desk = await call.party(DESK);
      await desk.hears('take the call');
      await desk.waits(1);
      await desk.presses('1');
      await desk.waits(3);
      await call.caller.hangsUp();
    },
    { parties: { 'sip:*': { answersAfter: 1 } } },
  );
  const now = await again(then, document);
  assert.deepEqual(told(now), []);
  assert.deepEqual(
    now.call.parties.map(({ end }) => end?.by),
    ['local', 'local'],
  );
  const longer = await again(then, document.replaceAll('take the call', 'take the call, or two to leave it'));
  const lines = told(longer).join('\n');
  assert.match(lines, /spoken texts: - sip:first@example\.com: Press one to take the call, /);
  assert.doesNotMatch(lines, /called parties/);
  const reversed = await again(then, document.replaceAll("!= '1'", "!= '2'"));
  assert.match(
    told(reversed).join('\n'),
    /called parties: - sip:first@example\.com: answered, was hung up \(hangup\)/,
  );
});

test('the words of a called party are understood again, and keys that sounded in its audio heard', async () => {
  const confirm = [
    { prompt: { play: 'say:Say yes to take the call', speech_end_timeout: 1 } },
    { set: { words: '%{prompt_value}' } },
    { prompt: { play: 'say:Press one as well', max_digits: 1 } },
    // biome-ignore lint/suspicious/noThenProperty: the name that the language gives it
    { cond: [{ when: "prompt_value != '1'", then: [{ hangup: {} }] }] },
  ];
  const document = main({ connect: { to: DESK, confirm } }, { play: 'say:Goodbye' });
  const then = await traced(
    document,
    async (call) => {
      const desk = await call.party(DESK);
      await desk.hears('take the call');
      await desk.waits(0.5);
      await desk.says('yes of course');
      await desk.hears('as well');
      await desk.waits(0.5);
      await desk.presses('1');
      await desk.waits(3);
      await desk.hangsUp();
    },
    { parties: { [DESK]: { answersAfter: 1, keys: 'inband' } } },
  );
  const now = await again(then, document);
  assert.deepEqual(told(now), []);
  assert.equal(now.call.vars['connect_result'], 'connected');
});

test('early media, transfer_after_bridge and a stream are replayed; the caller hears the party before it answers', async () => {
  const document = `
sections:
  main:
    - connect: { to: "${DESK}", answer_on_bridge: true, transfer_after_bridge: "https://a.example/next" }
`;
  const next = `
sections:
  main:
    - connect: { serial: [{ to: "stream:wss://a.example/gone" }, { to: "stream:wss://a.example/agent" }] }
    - play: "say:Goodbye"
`;
  const then = await traced(
    document,
    async (call) => {
      const agent = call.streams.webSocket('wss://a.example/agent');
      const desk = await call.party(DESK);
      await call.caller.hearsTone(500, { lasting: 1 });
      assert.equal(desk.talking, false);
      await desk.waits(6);
      await desk.hangsUp();
      await agent.receives({ event: 'media' });
      await call.caller.waits(2);
      agent.hangsUp();
    },
    {
      web: { 'https://a.example/next': { body: next } },
      parties: {
        [DESK]: {
          answersAfter: 4,
          earlyMedia: { after: 1, does: (desk) => desk.makes({ tone: 500, seconds: 2 }) },
        },
      },
    },
  );
  const now = await again(then, document);
  assert.deepEqual(told(now), []);
  assert.equal(now.call.vars['connect_result'], 'connected');
  const early = now.call.heard.subarray(0, 3.5 * 8000);
  assert.ok(
    early.some((sample) => Math.abs(sample) > 2000),
    'the caller hears the early media',
  );
});

test('a trace of an older version says that it cannot tell who was called, in the place of false differences', async () => {
  const document = main(...RECORDED);
  const then = await traced(document, async (call) => (await call.party(DESK)).hangsUp(), {
    parties: { [DESK]: {} },
  });
  const { header, events } = then.trace;
  const old: Trace = {
    header: { ...header, openswml_trace: 1 },
    events: events.filter(({ leg }) => leg === undefined),
  };
  await assert.rejects(again({ ...then, trace: old }, document), /written by an older version/);
  // Whoever calls nobody today is compared all the same.
  assert.ok(told(await again({ ...then, trace: old }, main(RECORDED[2]))).length > 0);
});
