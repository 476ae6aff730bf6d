import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { HttpError } from '../../net/http-errors.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';

const STATUS = 'https://app.example/status';
const RTP = { type: 'rtp', params: { addr: '192.0.2.5', port: 4000 } };
const AUDIO = { type: 'audio', params: { direction: 'both' } };

async function answered(t: TestContext): Promise<ReturnType<typeof openCommands>> {
  const bench = openCommands(t);
  await bench.leg.answer();
  return bench;
}

test('calling.tap copies the audio to the device and tells its states; calling.tap.stop ends it', async (t) => {
  const bench = await answered(t);
  const device = { type: 'rtp', params: { addr: '192.0.2.5', port: 4000, codec: 'pcma', ptime: 30 } };
  const params = { control_id: 't', tap: AUDIO, device, status_url: STATUS };
  const reply = await bench.command('calling.tap', params);
  assert.equal(reply['control_id'], 't');
  assert.deepEqual(reply['source_device'], { type: 'rtp', params: { addr: '10.0.0.1', port: 20_000 } });
  const [copy] = bench.host.sent('copy');
  const rtp = { address: '192.0.2.5', port: 4000 };
  assert.deepEqual(copy?.spec, { take: 'mixed', codec: 'PCMA', sampleRate: 8000, ptimeMs: 30, rtp });
  await bench.command('calling.tap.stop', { control_id: 't' });
  await bench.clock.settle();
  const common = {
    call_id: CALL_ID,
    node_id: bench.leg.info.node_id,
    segment_id: bench.leg.info.segment_id,
    control_id: 't',
    tap: AUDIO,
    device: { type: 'rtp', params: { addr: '192.0.2.5', port: 4000, codec: 'PCMA', ptime: 30 } },
  };
  assert.deepEqual(
    bench.callbacks.map(({ params: told }) => told),
    [
      { ...common, state: 'tapping' },
      { ...common, state: 'finished' },
    ],
  );
  // Taps of the same control id run on other calls: their callbacks wait for none of these.
  assert.deepEqual(new Set(bench.callbacks.map(({ operationId }) => operationId)), new Set([`${CALL_ID} t`]));
  const gone = await bench.refused({ command: 'calling.tap.stop', id: CALL_ID, params: { control_id: 't' } });
  assert.equal(gone.status, 404);
});

test('a key that is pressed before a stream is connected is not counted among its messages', async (t) => {
  const bench = await answered(t);
  const press = (digit: string): void => bench.emit({ type: 'digit', digit, durationMs: 100, via: 'info' });
  const dial = bench.streams.dial.bind(bench.streams);
  bench.streams.dial = (url, options) => {
    press('1');
    return dial(url, options);
  };
  await bench.command('calling.stream', { url: 'wss://media.example/x' });
  press('2');
  const messages = bench.streams.sent.map((message): unknown => JSON.parse(String(message)));
  assert.deepEqual(
    (messages as { event: string; sequenceNumber?: string }[]).map(({ event, sequenceNumber }) => [
      event,
      sequenceNumber,
    ]),
    [
      ['connected', undefined],
      ['start', '1'],
      ['dtmf', '2'],
    ],
  );
});

for (const isHeld of [true, false])
  test(`a key that goes down while a stream connects is told when it is released behind that, else never (${isHeld})`, async (t) => {
    const bench = await answered(t);
    const dial = bench.streams.dial.bind(bench.streams);
    bench.streams.dial = (url, options) => {
      bench.emit({ type: 'digit', digit: '1', durationMs: 0, via: 'rfc4733' });
      return dial(url, options);
    };
    await bench.command('calling.stream', { control_id: 's', url: 'wss://media.example/x' });
    // The media side tells it only while audio is copied.
    if (isHeld) bench.emit({ type: 'digitUp', durationMs: 250 });
    bench.emit({ type: 'digit', digit: '2', durationMs: 100, via: 'info' });
    await bench.command('calling.stream.stop', { control_id: 's' });
    const messages = bench.streams.sent.map((message): unknown => JSON.parse(String(message)));
    assert.deepEqual(
      (messages as { dtmf?: unknown }[]).flatMap(({ dtmf }) => (dtmf === undefined ? [] : [dtmf])),
      [...(isHeld ? [{ digit: '1', duration: 250 }] : []), { digit: '2', duration: 100 }],
    );
  });

test('a tap over WebSocket says first what it sends, and what is not said follows the call', async (t) => {
  const bench = await answered(t);
  const device = { type: 'ws', params: { uri: 'ws://media.example/x' } };
  const reply = await bench.command('calling.tap', { tap: { type: 'audio' }, device });
  assert.equal(bench.streams.dialled[0]?.url, 'ws://media.example/x');
  const { tap } = JSON.parse(String(bench.streams.sent[0])) as { tap: Record<string, unknown> };
  assert.deepEqual([tap['codec'], tap['rate'], tap['direction']], ['PCMU', 8000, 'speak']);
  assert.equal(tap['control_id'], reply['control_id']);
});

test('what is wrong with a tap is told by its place', async (t) => {
  const bench = await answered(t);
  const refusals: readonly (readonly [unknown, readonly string[]])[] = [
    [{ tap: AUDIO }, ['missing_required_parameter device']],
    [
      { tap: AUDIO, device: { type: 'rtp', params: { port: 1 } } },
      ['missing_required_parameter device.params.addr'],
    ],
    [{ tap: AUDIO, device: { type: 'ws', params: {} } }, ['missing_required_parameter device.params.uri']],
    [
      { tap: AUDIO, device: { type: 'ws', params: { uri: 'http://x' } } },
      ['invalid_parameter device.params.uri'],
    ],
    [
      { tap: AUDIO, device: { type: 'rtp', params: { ...RTP.params, ptime: 25 } } },
      ['invalid_parameter device.params.ptime'],
    ],
    [
      { tap: AUDIO, device: { type: 'rtp', params: { ...RTP.params, codec: 'G729' } } },
      ['invalid_parameter device.params.codec'],
    ],
    [
      { tap: AUDIO, device: { type: 'rtp', params: { addr: '10.0.0.5', port: 4000 } } },
      ['url_is_unsafe device'],
    ],
    [{ tap: AUDIO, device: { type: 'ws', params: { uri: 'ws://10.0.0.5/' } } }, ['invalid_parameter device']],
  ];
  for (const [params, errors] of refusals) {
    const refusal = await bench.refused({ command: 'calling.tap', id: CALL_ID, params });
    assert.deepEqual(refusal.errors, errors, refusal.messages.join());
  }
});

test('calling.stream opens a stream and tells its states, by GET if asked; calling.stream.stop ends it', async (t) => {
  const bench = await answered(t);
  const params = {
    control_id: 's',
    url: 'wss://media.example/x',
    name: 'n',
    codec: 'L16@24000h',
    track: 'outbound_track',
  };
  const token = { authorization_bearer_token: 'secret', custom_parameters: { a: 'b' } };
  await bench.command('calling.stream', {
    ...params,
    ...token,
    status_url: STATUS,
    status_url_method: 'GET',
  });
  assert.equal(bench.streams.dialled[0]?.options.bearerToken, 'secret');
  const [copy] = bench.host.sent('copy');
  assert.deepEqual(copy?.spec, { take: 'heard', codec: 'L16', sampleRate: 24_000, ptimeMs: 20 });
  const again = await bench.refused({ command: 'calling.stream', id: CALL_ID, params });
  assert.deepEqual(again.errors, ['value_not_unique control_id']);
  const sameName = await bench.refused({
    command: 'calling.stream',
    id: CALL_ID,
    params: { ...params, control_id: 'o' },
  });
  assert.deepEqual(sameName.errors, ['value_not_unique name']);
  await bench.command('calling.stream.stop', { control_id: 's' });
  await bench.clock.settle();
  assert.deepEqual(
    bench.callbacks.map(({ method, params: told }) => [method, told['state'], told['url'], told['name']]),
    [
      ['GET', 'streaming', 'wss://media.example/x', 'n'],
      ['GET', 'finished', 'wss://media.example/x', 'n'],
    ],
  );
  assert.equal(JSON.parse(String(bench.streams.sent.at(-1))).event, 'stop');
});

test('behind the reply to a stop of a tap or stream its control id is free, and its end is told', async (t) => {
  for (const [name, own] of [
    ['calling.tap', { tap: AUDIO, device: RTP }],
    ['calling.stream', { url: 'wss://media.example/x' }],
  ] as const) {
    const bench = await answered(t);
    const send = bench.host.send.bind(bench.host);
    // As a media thread does, which is told a little later.
    bench.host.send = (command, urgent) => {
      if (command.type === 'stopCopy') bench.clock.after(5, () => send(command, urgent));
      else send(command, urgent);
    };
    const params = { ...own, control_id: 'a', status_url: STATUS };
    await bench.command(name, params);
    const stopping = bench.command(`${name}.stop`, { control_id: 'a' });
    const again = stopping.then(() => bench.command(name, params));
    await bench.clock.advance(10);
    await again;
    const states = bench.callbacks.map(({ params: told }) => told['state']);
    const begins = name === 'calling.tap' ? 'tapping' : 'streaming';
    assert.deepEqual(states, [begins, 'finished', begins]);
  }
});

test('a stream that is stopped is over at once, too, where the other side closes before the media side knows', async (t) => {
  const bench = await answered(t);
  const send = bench.host.send.bind(bench.host);
  bench.host.send = (command, urgent) => {
    if (command.type === 'stopCopy') bench.clock.after(5, () => send(command, urgent));
    else send(command, urgent);
  };
  const url = 'wss://media.example/x';
  const twoWay = { realtime: false };
  const joined = await bench.leg.stream({ controlId: 'agent', url, tracks: 'inbound', twoWay });
  let by: string | undefined;
  void joined.done.then((end) => {
    by = end.by;
  });
  joined.stop();
  bench.streams.dialled[0]!.options.onClosed('gone');
  await bench.clock.advance(10);
  // The media side tells of no sound that was played to its end.
  assert.equal(by, 'peer');
});

test('what is wrong with a stream is told by its place', async (t) => {
  const bench = await answered(t);
  const refusals: readonly (readonly [unknown, readonly string[]])[] = [
    [{}, ['missing_required_parameter url']],
    [{ url: 'ws://media.example/x' }, ['invalid_parameter url']],
    [{ url: 'wss://media.example/x', codec: 'GSM' }, ['invalid_parameter codec']],
    [{ url: 'wss://media.example/x', codec: 'L16@7h' }, ['invalid_parameter codec']],
  ];
  for (const [params, errors] of refusals) {
    const refusal = await bench.refused({ command: 'calling.stream', id: CALL_ID, params });
    assert.deepEqual(refusal.errors, errors, refusal.messages.join());
  }
});

test('a tap by plain ws, where that is switched off, is unsafe as plain http is', async (t) => {
  const bench = await answered(t);
  bench.streams.dial = () => Promise.reject(new HttpError('https_required', 'plain ws is switched off'));
  const device = { type: 'ws', params: { uri: 'ws://media.example/x' } };
  const params = { tap: AUDIO, device };
  const refusal = await bench.refused({ command: 'calling.tap', id: CALL_ID, params });
  assert.deepEqual([refusal.status, refusal.errors], [422, ['url_is_unsafe device']]);
});

test('no more than sixteen taps run on a call', async (t) => {
  const bench = await answered(t);
  for (let i = 0; i < 16; i++) await bench.command('calling.tap', { tap: AUDIO, device: RTP });
  const refusal = await bench.refused({
    command: 'calling.tap',
    id: CALL_ID,
    params: { tap: AUDIO, device: RTP },
  });
  assert.deepEqual(refusal.errors, ['invalid_state id']);
});

test('calling.disconnect ends a stream that connect has joined, and no other', async (t) => {
  const bench = await answered(t);
  const url = 'wss://media.example/x';
  await bench.command('calling.stream', { control_id: 'copy', url });
  const none = await bench.refused({ command: 'calling.disconnect', id: CALL_ID, params: {} });
  assert.deepEqual(none.errors, ['invalid_state id']);
  const twoWay = { realtime: false };
  const joined = await bench.leg.stream({ controlId: 'agent', url, tracks: 'inbound', twoWay });
  await bench.command('calling.disconnect', {});
  assert.equal((await joined.done).by, 'stopped');
  assert.notEqual(bench.leg.streaming('copy'), undefined);
});
