import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type VirtualCall, virtualCall, type WebSocketPeerOptions } from './index.ts';
import { findTone } from './audio-facts.ts';
import type { JsonObject } from '../swml/json.ts';

const WSS = 'wss://media.example.com/audio';
const STATUS = 'https://app.example.com/status';

const main = (...steps: unknown[]) => ({ version: '1.0.0', sections: { main: steps } }) as JsonObject;
const stream = (params: object = {}) => ({ stream: { url: WSS, status_url: STATUS, ...params } });
const tap = (params: object = {}) => ({
  tap: { uri: 'rtp://192.0.2.5:4000', status_url: STATUS, ...params },
});

/** Whether the tone sounds for half a second. */
const sounds = (samples: Int16Array, frequency: number, rate = 8000): boolean =>
  findTone(samples, rate, [frequency], 500) !== undefined;

const warnings = ({ timeline }: VirtualCall): string =>
  timeline.flatMap(({ kind, data }) => (kind === 'warning' ? [data['reason']] : [])).join();

test('tap sends what the party says as RTP, tells where from, and ends with stop_tap', async () => {
  const call = await virtualCall({
    document: main(
      tap({ control_id: 't', rtp_ptime: 30, codec: 'PCMA' }),
      { sleep: 3000 },
      { stop_tap: {} },
      { sleep: 1000 },
    ),
  });
  const receiver = call.streams.rtp('rtp://192.0.2.5:4000');
  await call.caller.makes({ tone: 700, seconds: 2 });
  await call.ends();
  const { vars } = call;
  assert.equal(vars['tap_result'], 'success');
  assert.equal(vars['tap_control_id'], 't');
  assert.equal(vars['tap_uri'], 'rtp://192.0.2.5:4000');
  assert.deepEqual([vars['tap_codec'], vars['tap_rate'], vars['tap_ptime']], ['PCMA', 8000, 30]);
  assert.equal(receiver.packets[0]?.from, `${vars['tap_rtp_src_addr']}:${vars['tap_rtp_src_port']}`);
  assert.equal(vars['stop_tap_result'], 'success');
  assert.ok(sounds(receiver.audio(), 700));
  assert.ok(Math.abs(receiver.audio().length / 8000 - 3) < 0.1, `${receiver.audio().length / 8000} s`);
  assert.deepEqual(call.callbacks.states('calling.call.tap'), ['tapping', 'finished']);
  const [tapping] = call.callbacks.of('calling.call.tap');
  assert.deepEqual(tapping?.params['tap'], { type: 'audio', params: { direction: 'speak' } });
  const device = { addr: '192.0.2.5', port: 4000, codec: 'PCMA', ptime: 30 };
  assert.deepEqual(tapping?.params['device'], { type: 'rtp', params: device });
  assert.equal(tapping?.params['segment_id'], tapping?.params['call_id']);
});

test('blanks around the address of a tap are no part of it', async () => {
  const call = await virtualCall({
    document: main(tap({ uri: ' rtp://192.0.2.5:4000 ', rtp_ptime: 30 }), { sleep: 2000 }),
  });
  const receiver = call.streams.rtp('rtp://192.0.2.5:4000');
  await call.caller.makes({ tone: 700, seconds: 1 });
  await call.ends();
  const { vars } = call;
  assert.equal(vars['tap_result'], 'success', warnings(call));
  assert.deepEqual([vars['tap_uri'], vars['tap_ptime']], ['rtp://192.0.2.5:4000', 30]);
  assert.ok(sounds(receiver.audio(), 700));
});

test('several taps run at once, each in its direction, across execute and transfer, until the call ends', async () => {
  const call = await virtualCall({
    document: {
      version: '1.0.0',
      sections: {
        main: [
          tap({ control_id: 'a', direction: 'listen' }),
          tap({ control_id: 'b', direction: 'both', uri: 'wss://media.example.com/tap' }),
          { execute: { dest: 'more' } },
          { transfer: { dest: 'last' } },
        ],
        more: [{ play: { urls: ['silence:0.5', 'ring:2:us'] } }],
        last: [{ sleep: 1000 }],
      },
    },
  });
  const receiver = call.streams.rtp('rtp://192.0.2.5:4000');
  const socket = call.streams.webSocket('wss://media.example.com/tap');
  await socket.connects();
  await call.caller.makes({ tone: 1000, seconds: 1 });
  await call.ends();
  assert.ok(findTone(receiver.audio(), 8000, [440, 480], 1000));
  assert.equal(sounds(receiver.audio(), 1000), false);
  const { call_id, ...facts } = socket.messages[0]!['tap'] as JsonObject;
  assert.equal(call_id, call.callbacks.all[0]?.params['call_id']);
  const told = { control_id: 'b', direction: 'both', codec: 'PCMU', rate: 8000, ptime: 20 };
  assert.deepEqual(facts, told);
  assert.ok(socket.binary.slice(0, -1).every(({ length }) => length === 160));
  assert.ok(socket.audio().some((sample) => Math.abs(sample) > 1000));
  await socket.closes();
  const ends = call.callbacks
    .of('calling.call.tap')
    .map(({ params }) => `${params['control_id']} ${params['state']}`);
  assert.deepEqual(ends.sort(), ['a finished', 'a tapping', 'b finished', 'b tapping']);
});

test('a tap that cannot start leaves the call as it is, and says why', async () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ uri: 'rtp://media.example.com:4000' }, /invalid_url: .*expected rtp:\/\/, an IPv4 address/],
    [{ uri: 'rtp://192.0.2.5:0' }, /invalid_url: port 0 is none/],
    [{ uri: 'ws://nobody.example.com/' }, /connection_refused: nothing in the test answers/],
  ];
  for (const [params, reason] of cases) {
    const call = await virtualCall({ document: main(tap(params), { sleep: 100 }) });
    await call.ends();
    assert.equal(call.vars['tap_result'], 'failed');
    assert.match(warnings(call), reason);
    assert.deepEqual(call.callbacks.all, []);
  }
});

test('a control id that is in use is refused, and free again when its tap has ended', async () => {
  const again = tap({ control_id: 'x' });
  const call = await virtualCall({
    document: main(
      again,
      again,
      { set: { second: '%{tap_result}' } },
      { stop_tap: { control_id: 'x' } },
      again,
      {
        stop_tap: { control_id: 'nobody' },
      },
    ),
  });
  await call.ends();
  assert.deepEqual(
    ['second', 'tap_result', 'stop_tap_result'].map((name) => call.vars[name]),
    ['failed', 'success', 'failed'],
  );
});

test('stream speaks its protocol: connected, start, media of each track, dtmf, stop', async () => {
  const call = await virtualCall({
    document: main(
      stream({
        control_id: 's',
        name: 'notes',
        track: 'both_tracks',
        codec: 'L16@16000h@40i',
        authorization_bearer_token: 'secret',
        custom_parameters: { customer: '7' },
      }),
      { play: 'ring:2:us' },
      { sleep: 1000 },
      { stop_stream: {} },
    ),
  });
  const socket = call.streams.webSocket(WSS);
  await socket.connects();
  assert.equal(socket.headers['authorization'], 'Bearer secret');
  await call.caller.makes({ tone: 900, seconds: 1 });
  await call.caller.presses('5');
  const key = await socket.receives({ event: 'dtmf', dtmf: { digit: '5' } });
  const { duration } = key['dtmf'] as { duration: number };
  assert.ok(duration >= 240 && duration <= 280, `${duration} ms`);
  await call.ends();
  const [connected, start, ...rest] = socket.messages;
  assert.deepEqual(connected, { event: 'connected', protocol: 'Call', version: '0.2.0' });
  const { call_id: callSid } = call.callbacks.all[0]!.params;
  assert.deepEqual(start, {
    event: 'start',
    sequenceNumber: '1',
    start: {
      streamSid: 's',
      accountSid: (call.callbacks.all[0]!.body as JsonObject)['project_id'],
      callSid,
      tracks: ['inbound', 'outbound'],
      customParameters: { customer: '7' },
      mediaFormat: { encoding: 'audio/x-L16', sampleRate: 16000, channels: 1 },
    },
  });
  assert.deepEqual(
    rest.map((message) => message['sequenceNumber']),
    rest.map((_, index) => String(index + 2)),
  );
  for (const track of ['inbound', 'outbound'] as const) {
    const chunks = rest.flatMap(({ media }) =>
      (media as JsonObject)?.['track'] === track ? [media as JsonObject] : [],
    );
    assert.deepEqual(
      chunks.map(({ chunk, timestamp }) => [chunk, timestamp]),
      chunks.map((_, index) => [String(index + 1), String(index * 40)]),
    );
    assert.ok(
      chunks.slice(0, -1).every(({ payload }) => Buffer.from(String(payload), 'base64').length === 1280),
    );
  }
  assert.equal(rest.at(-1)?.['event'], 'stop');
  assert.ok(sounds(socket.audio('inbound'), 900, 16_000));
  assert.ok(findTone(socket.audio('outbound'), 16_000, [440, 480], 1000));
  assert.deepEqual(call.callbacks.states('calling.call.stream'), ['streaming', 'finished']);
  const { control_id, url, name } = call.callbacks.all[0]!.params;
  assert.deepEqual([control_id, url, name], ['s', WSS, 'notes']);
  assert.equal(call.vars['stream_result'], 'success');
  assert.equal(call.vars['stop_stream_result'], 'success');
});

test('callbacks of taps and streams have no password of the peer that the audio goes to', async () => {
  const uri = WSS.replace('//', '//ann:s3cret@');
  const call = await virtualCall({
    document: main(stream({ url: uri }), tap({ uri }), { stop_stream: {} }, { stop_tap: {} }),
  });
  const [one, other] = [call.streams.webSocket(WSS), call.streams.webSocket(WSS)];
  await call.ends();
  const basic = `Basic ${btoa('ann:s3cret')}`;
  assert.deepEqual([one.headers['authorization'], other.headers['authorization']], [basic, basic]);
  assert.deepEqual(
    call.callbacks.of('calling.call.stream').map(({ params }) => params['url']),
    [WSS, WSS],
  );
  const [tapping] = call.callbacks.of('calling.call.tap');
  assert.deepEqual(tapping?.params['device'], { type: 'ws', params: { uri: WSS, codec: 'PCMU' } });
  assert.doesNotMatch(JSON.stringify(call.callbacks.all.map(({ body }) => body)), /s3cret/);
});

test('a password with a percent sign reaches the peer as it is, as from a server', async () => {
  const url = WSS.replace('//', '//ann:50%@');
  const call = await virtualCall({ document: main(stream({ url }), { stop_stream: {} }) });
  const peer = call.streams.webSocket(WSS);
  await call.ends();
  assert.equal(call.vars['stream_result'], 'success');
  assert.equal(peer.headers['authorization'], `Basic ${btoa('ann:50%')}`);
});

test('a stream that cannot start is failed, with the label of what went wrong', async () => {
  const cases: readonly (readonly [object, WebSocketPeerOptions, RegExp])[] = [
    [{ url: WSS.replace('//', '') }, {}, /invalid_url: no WebSocket URL/],
    [{}, { fails: 'refused' }, /connection_refused: /],
    [{}, { fails: 'tls' }, /connection_refused_timeout_or_ssl_error: TLS/],
    [{}, { fails: 'timeout' }, /connection_refused_timeout_or_ssl_error: no WebSocket within 5000 ms/],
    [{ codec: 'GSM' }, {}, /codec_error: "GSM" is no codec of streams/],
    [{ codec: 'L16@11025h' }, {}, /codec_error: L16 has no 11025 Hz/],
  ];
  for (const [params, options, reason] of cases) {
    const call = await virtualCall({ document: main(stream(params)) });
    call.streams.webSocket(WSS, options);
    await call.ends();
    assert.equal(call.vars['stream_result'], 'failed');
    assert.equal(call.vars['stream_control_id'], undefined);
    assert.match(warnings(call), reason);
    assert.deepEqual(call.callbacks.all, []);
  }
});

test('a peer that hangs up ends its stream and nothing else; one by GET is told so', async () => {
  const call = await virtualCall({
    document: main(
      stream({ status_url_method: 'GET' }),
      { sleep: 3000 },
      { stop_stream: {} },
      { play: 'silence:1' },
    ),
  });
  const socket = call.streams.webSocket(WSS);
  await socket.receives({ event: 'media' });
  socket.hangsUp('the connection was lost');
  await call.ends();
  assert.equal(call.end?.by, 'local');
  assert.equal(call.vars['stop_stream_result'], 'failed');
  const told = call.callbacks.all.map(
    ({ method, url }) => `${method} ${new URL(url).searchParams.get('params[state]') ?? url}`,
  );
  assert.equal(told.length, 2, told.join());
  assert.ok(told.every((text) => text.startsWith('GET')));
  assert.deepEqual(
    call.timeline.flatMap(({ kind, text, data }) => (kind === 'callback' ? [[text, data['state']]] : [])),
    [
      ['calling.call.stream', 'streaming'],
      ['calling.call.stream', 'finished'],
    ],
  );
  const ended = call.timeline.find(({ text }) => text === 'stream ended');
  assert.deepEqual([ended?.data['by'], ended?.data['reason']], ['peer', 'the connection was lost']);
});

test('a peer that does not read holds up nobody: the oldest audio is left out and counted', async () => {
  const call = await virtualCall({ document: main(stream(), { sleep: 60_000 }, { stop_stream: {} }) });
  const socket = call.streams.webSocket(WSS);
  await socket.receives({ event: 'media' });
  socket.stalls();
  await call.caller.waits(30);
  socket.resumes();
  await call.ends();
  assert.ok(Math.abs(call.seconds - 60) < 1, `${call.seconds} s`);
  const chunks = socket.messages.flatMap(({ media }) =>
    media === undefined ? [] : [Number((media as JsonObject)['chunk'])],
  );
  const missing = chunks.at(-1)! - chunks.length;
  const ended = call.timeline.find(({ text }) => text === 'stream ended');
  assert.ok(missing > 1000 && missing < 1500, `${missing} chunks`);
  assert.equal(ended?.data['dropped'], missing);
  assert.deepEqual(
    chunks,
    [...chunks].sort((a, b) => a - b),
  );
  assert.equal(socket.messages.at(-1)?.['event'], 'stop');
});

test('whenever the party hangs up, taps and streams end, and each is told once', async () => {
  for (const seconds of [0, 0.005, 0.012, 0.05, 0.5, 1.234]) {
    const call = await virtualCall({ document: main(tap(), stream(), { sleep: 60_000 }) });
    call.streams.rtp('rtp://192.0.2.5:4000');
    const socket = call.streams.webSocket(WSS);
    await call.caller.waits(seconds);
    await call.caller.hangsUp();
    await call.ends();
    const states = [
      ...call.callbacks.states('calling.call.tap'),
      ...call.callbacks.states('calling.call.stream'),
    ];
    const begun = states.filter((state) => state !== 'finished').length;
    assert.equal(states.length, 2 * begun, `${seconds}: ${states.join()}`);
    if (socket.messages.length > 0) assert.equal(socket.messages.at(-1)?.['event'], 'stop', `${seconds}`);
  }
});

test('a tap that began in confirm goes on through the bridge, with the other party in what is heard', async () => {
  const confirm = [tap({ direction: 'listen' })];
  const call = await virtualCall({
    document: main({ connect: { to: 'sip:desk@example.com', confirm } }),
    parties: { 'sip:desk@example.com': { answersAfter: 1 } },
  });
  const receiver = call.streams.rtp('rtp://192.0.2.5:4000');
  const desk = await call.party('sip:desk@example.com');
  await call.caller.waits(2);
  await call.caller.makes({ tone: 850, seconds: 1 });
  await desk.hangsUp();
  await call.ends();
  assert.ok(sounds(receiver.audio(), 850));
  assert.deepEqual(call.callbacks.states('calling.call.tap'), ['tapping', 'finished']);
});

test('each peer answers one connection, also where it lets it fail', async () => {
  const call = await virtualCall({ document: main(stream(), stream(), { sleep: 500 }) });
  call.streams.webSocket(WSS, { fails: 'refused' });
  const socket = call.streams.webSocket(WSS);
  await socket.receives({ event: 'start' });
  await call.ends();
  assert.equal(call.vars['stream_result'], 'success');
  assert.deepEqual(call.callbacks.states('calling.call.stream'), ['streaming', 'finished']);
});

test('a message is given out once, also where two wait for such a one side by side', async () => {
  const call = await virtualCall({ document: main(stream(), { sleep: 2000 }) });
  const socket = call.streams.webSocket(WSS);
  await socket.receives({ event: 'start' });
  await call.caller.waits(0.5);
  const media = { event: 'media' };
  const [one, other] = await Promise.all([socket.receives(media), socket.receives(media)]);
  assert.notEqual(one, other);
  await call.ends();
});

test('a callback by GET can be waited for, though it has no body', async () => {
  const call = await virtualCall({
    document: main(stream({ status_url_method: 'GET' }), { sleep: 1000 }),
  });
  call.streams.webSocket(WSS);
  await call.callbacks.receives({ method: 'GET', url: /streaming/ }, { within: 1 });
  await call.ends();
});
