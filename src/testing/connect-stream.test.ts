import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sine } from '../media/test-signals.ts';
import type { JsonObject } from '../swml/json.ts';
import { findTone } from './audio-facts.ts';
import { virtualCall } from './index.ts';

const WSS = 'wss://media.example.com/agent';
const STATUS = 'https://app.example.com/status';

const main = (...steps: unknown[]) => ({ version: '1.0.0', sections: { main: steps } }) as JsonObject;
const connect = (params: object = {}) => ({ connect: { to: `stream:${WSS}`, ...params } });

/** Length of the tone in what was heard, ms; 0: it was not. */
function toneMs(samples: Int16Array, frequency: number, rate = 8000): number {
  const found = findTone(samples, rate, [frequency], 100);
  return found === undefined ? 0 : found.toMs - found.fromMs;
}

/** A call of these steps, to the stream of which the other side says so many seconds of a tone at once. */
async function saying(seconds: number, ...steps: unknown[]) {
  const call = await virtualCall({ document: main(...steps) });
  const peer = call.streams.webSocket(WSS);
  await peer.receives({ event: 'media' });
  peer.says(sine(seconds * 8000, 800, -20));
  return { call, peer };
}

test('connect to a stream: the party is heard there, and what comes from there is heard by the party, with marks', async () => {
  for (const codec of ['PCMU', 'PCMA', 'G722', 'L16@24000h@40i']) {
    const call = await virtualCall({
      document: main(connect({ codec, name: 'agent', status_url: STATUS, custom_parameters: { a: 'b' } })),
    });
    const peer = call.streams.webSocket(WSS);
    const { start } = await peer.receives({ event: 'start' });
    const { streamSid, tracks } = start as JsonObject;
    assert.deepEqual(tracks, ['inbound']);
    const rate = peer.sampleRate;
    peer.says(sine(rate, 800, -20, rate));
    peer.sends({ event: 'mark', streamSid: streamSid!, mark: { name: 'said' } });
    const before = call.clock.monotonic();
    const mark = await peer.receives({ event: 'mark' });
    const tookMs = call.clock.monotonic() - before;
    assert.deepEqual(mark, { event: 'mark', streamSid, mark: { name: 'said' } });
    assert.ok(tookMs >= 960 && tookMs <= 1100, `${codec}: the mark came after ${tookMs} ms`);
    await call.caller.makes({ tone: 1500, seconds: 1 });
    await call.caller.waits(0.3);
    peer.hangsUp();
    await call.ends();
    assert.ok(
      Math.abs(toneMs(call.heard, 800) - 1000) <= 60,
      `${codec}: ${toneMs(call.heard, 800)} ms heard`,
    );
    assert.ok(
      toneMs(peer.audio(), 1500, rate) >= 900,
      `${codec}: ${toneMs(peer.audio(), 1500, rate)} ms arrived`,
    );
    assert.equal(call.vars['connect_result'], 'connected');
    assert.deepEqual(call.callbacks.states('calling.call.connect'), [
      'connecting',
      'connected',
      'disconnected',
    ]);
    assert.deepEqual(call.callbacks.states('calling.call.stream'), ['streaming', 'finished']);
  }
});

test('clear breaks off what waits and returns its marks at once', async () => {
  const { call, peer } = await saying(10, connect());
  peer.sends({ event: 'mark', mark: { name: 'one' } });
  await call.caller.waits(2);
  peer.sends({ event: 'mark', mark: { name: 'two' } });
  peer.sends({ event: 'clear' });
  const before = call.clock.monotonic();
  for (const name of ['one', 'two']) await peer.receives({ event: 'mark', mark: { name } });
  assert.ok(call.clock.monotonic() - before < 100);
  await call.caller.waits(1);
  await call.caller.hangsUp();
  await call.ends();
  const heard = toneMs(call.heard, 800);
  assert.ok(heard > 1800 && heard < 2200, `${heard} ms heard`);
  assert.equal(peer.messages.at(-1)?.['event'], 'stop');
});

test('what the other side has said is heard to its end, though it closes right behind it, unless the time is over', async () => {
  for (const [maxDuration, expectedMs, staysSeconds] of [
    [60, 5000, 0.1],
    [60, 6000, 0],
    [2, 2000, 0.1],
  ] as const) {
    const { call, peer } = await saying(5, connect({ max_duration: maxDuration }), { play: 'ring:1:us' });
    if (staysSeconds > 0) await call.caller.waits(staysSeconds);
    else peer.says(sine(8000, 800, -20));
    peer.hangsUp();
    await call.ends();
    const heard = toneMs(call.heard, 800);
    assert.ok(Math.abs(heard - expectedMs) <= 200, `${heard} ms heard of ${expectedMs}`);
    // Nothing sounds beside it.
    assert.ok(call.seconds > expectedMs / 1000 + 0.9, `${call.seconds} s`);
    assert.equal(call.vars['connect_result'], 'connected');
  }
});

test('in real time little waits: of what comes at once, the end is heard', async () => {
  const { call, peer } = await saying(10, connect({ realtime: true }));
  await call.caller.waits(2);
  peer.hangsUp();
  await call.ends();
  const heard = toneMs(call.heard, 800);
  assert.ok(heard >= 100 && heard <= 260, `${heard} ms heard`);
});

test('keys go both ways: those of the party as dtmf, those of the other side to the party', async () => {
  const call = await virtualCall({ document: main(connect()) });
  const peer = call.streams.webSocket(WSS);
  const { start } = await peer.receives({ event: 'start' });
  await call.caller.waits(0.5);
  await call.caller.presses('7');
  const key = await peer.receives({ event: 'dtmf', dtmf: { digit: '7' } });
  assert.equal(key['streamSid'], (start as JsonObject)['streamSid']);
  peer.sends({ event: 'dtmf', dtmf: { digit: '3' } });
  await call.caller.waits(1);
  peer.sends({ event: 'nonsense' });
  await call.caller.waits(0.1);
  peer.hangsUp();
  await call.ends();
  assert.equal(call.keysSent, '3');
});

test('of keys that the other side asks for at once, a hundred wait to be sent, and others again once they are', async () => {
  const call = await virtualCall({ document: main(connect()) });
  const peer = call.streams.webSocket(WSS);
  await peer.receives({ event: 'start' });
  for (let n = 0; n < 300; n++) peer.sends({ event: 'dtmf', dtmf: { digit: '3' } });
  await call.caller.waits(60);
  peer.sends({ event: 'dtmf', dtmf: { digit: '5' } });
  await call.caller.waits(1);
  peer.hangsUp();
  await call.ends();
  assert.equal(call.keysSent, `${'3'.repeat(100)}5`);
});

test('keys of a stream that is stopped are left out, those of one that closes are sent, unless its last words are broken off: what plays next waits for them', async () => {
  for (const [closes, speaks] of [
    [false, false],
    [true, false],
    [true, true],
  ] as const) {
    const call = await virtualCall({ document: main(connect({ max_duration: 2 }), { play: 'ring:1:us' }) });
    const peer = call.streams.webSocket(WSS);
    await peer.receives({ event: 'start' });
    if (speaks) peer.says(sine(40_000, 800, -20));
    for (let n = 0; n < 30; n++) peer.sends({ event: 'dtmf', dtmf: { digit: '3' } });
    if (closes) {
      await call.caller.waits(1);
      peer.hangsUp();
    }
    await call.ends();
    const sent = call.keysSent.length;
    const areSent = closes && !speaks;
    assert.ok(areSent ? sent === 30 : sent > 3 && sent < 12, `${sent} keys were sent`);
    assert.ok(areSent || (call.seconds > 2.9 && call.seconds < 4), `${call.seconds} s`);
  }
});

test('a stream that cannot be reached is a failed destination: the next one is tried, or connect has failed', async () => {
  const call = await virtualCall({
    document: main(
      {
        connect: {
          serial: [{ to: 'stream:wss://nobody.example.com/' }, { to: `stream:${WSS}`, codec: 'G722' }],
        },
      },
      { set: { first: '%{connect_result}' } },
      { connect: { to: 'stream:wss://nobody.example.com/' } },
    ),
  });
  const peer = call.streams.webSocket(WSS);
  await peer.receives({ event: 'media' });
  assert.equal(peer.sampleRate, 16_000);
  peer.hangsUp();
  await call.ends();
  assert.equal(call.vars['first'], 'connected');
  assert.equal(call.vars['connect_result'], 'failed');
  assert.equal(call.vars['connect_failed_reason'], 'error');
});

test('a destination that is given up while it connects leaves its name to the next one', async () => {
  const dead = 'wss://dead.example.com/';
  const call = await virtualCall({
    document: main({
      connect: { name: 'agent', timeout: 2, serial: [{ to: `stream:${dead}` }, { to: `stream:${WSS}` }] },
    }),
  });
  call.streams.webSocket(dead, { fails: 'timeout' });
  const peer = call.streams.webSocket(WSS);
  await peer.receives({ event: 'media' });
  peer.hangsUp();
  await call.ends();
  assert.equal(call.vars['connect_result'], 'connected');
});

test('callbacks of the stream go by the method of its destination, before that of the step', async () => {
  for (const [step, own, expected] of [
    ['POST', 'GET', 'GET'],
    ['GET', 'POST', 'POST'],
    ['GET', undefined, 'GET'],
  ] as const) {
    const destination = { to: `stream:${WSS}`, ...(own !== undefined && { status_url_method: own }) };
    const call = await virtualCall({
      document: main({
        connect: { status_url: STATUS, status_url_method: step, serial: [destination] },
      }),
    });
    const peer = call.streams.webSocket(WSS);
    await peer.receives({ event: 'media' });
    peer.hangsUp();
    await call.ends();
    assert.equal(call.vars['connect_result'], 'connected');
    // Those of connect itself, of which this does not speak, go by POST.
    const told = call.callbacks.all.filter(({ eventType }) => eventType !== 'calling.call.connect');
    assert.deepEqual(
      told.map(({ method }) => method),
      [expected, expected],
      `${step}, ${own}`,
    );
  }
});

test('max_duration ends the talk, and transfer_after_bridge follows it', async () => {
  const after = JSON.stringify(main({ set: { after: 'yes' } }));
  const call = await virtualCall({
    document: main(connect({ max_duration: 3, transfer_after_bridge: after })),
  });
  const peer = call.streams.webSocket(WSS);
  await call.ends();
  assert.equal(call.vars['after'], 'yes');
  assert.ok(call.seconds > 2.9 && call.seconds < 3.5, `${call.seconds} s`);
  assert.equal(peer.messages.at(-1)?.['event'], 'stop');
});

test('whenever the party or the peer hangs up, the stream ends once, and nothing is left', async () => {
  for (const seconds of [0, 0.01, 0.02, 0.1, 0.777]) {
    for (const who of ['party', 'peer']) {
      const call = await virtualCall({ document: main(connect({ status_url: STATUS })) });
      const peer = call.streams.webSocket(WSS);
      await call.caller.waits(seconds);
      if (who === 'party') await call.caller.hangsUp();
      else peer.hangsUp();
      if (who === 'peer' && !call.callbacks.states('calling.call.stream').includes('streaming'))
        await call.caller.hangsUp();
      await call.ends();
      const states = call.callbacks.states('calling.call.stream').join();
      assert.match(states, /^(?:streaming,finished)?$/, `${who} after ${seconds} s`);
      const stops = peer.messages.filter(({ event }) => event === 'stop').length;
      assert.ok(stops <= 1, `${who} after ${seconds} s`);
    }
  }
});
