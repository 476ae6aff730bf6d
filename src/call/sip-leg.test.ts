import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { RawPeer } from '../../test/sip/raw-peer.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { CallError } from './leg.ts';
import { RECORD } from './leg.test-helper.ts';
import { ALICE, BOB, openBench, sdp } from './sip-leg.test-helper.ts';

test('a call is answered with our address and codec, is heard, and ends when the caller hangs up', async (t) => {
  const bench = await openBench(t);
  const { clock, heard } = bench;
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, {
    sdp: sdp(bench.port, '8 0 101'),
    headers: [{ name: 'X-Order', value: '42' }],
  });
  await clock.advance(100);
  const { leg } = bench;
  assert.deepEqual(leg.info.headers, [{ name: 'X-Order', value: '42' }]);
  assert.equal(leg.info.sip_data?.['sip_req_user'], 'line');
  await leg.answer();
  await clock.advance(1000);
  assert.deepEqual(out.events, ['confirmed']);
  assert.match(out.sdp[0]!, /c=IN IP4 10\.0\.0\.2\r\n(.|\r\n)*m=audio \d+ RTP\/AVP 8 101\r\n/);
  assert.ok(heard.packets >= 48 && heard.packets <= 51, `${heard.packets} packets in a second`);
  assert.equal(heard.payloadType, 8);
  void out.call.hangup();
  await clock.advance(100);
  assert.deepEqual(await leg.ended, { by: 'remote', reason: 'hangup' });
  const { packets } = heard;
  await clock.advance(1000);
  assert.equal(heard.packets, packets);
  await bench.finish();
});

test('a call without a common codec is refused with 488', async (t) => {
  const bench = await openBench(t);
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port, '9 101') });
  await bench.clock.advance(100);
  await assert.rejects(
    bench.leg.answer(),
    (error) => error instanceof CallError && error.code === 'no_common_codec' && /PCMU/.test(error.message),
  );
  await bench.clock.advance(100);
  assert.equal(out.end?.status, 488);
  assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'error' });
  await bench.finish();
});

test('so it is by sound before the answer, which fails and says why', async (t) => {
  const bench = await openBench(t);
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port, '9 101') });
  await bench.clock.advance(100);
  const played = bench.leg.play([{ kind: 'silence', seconds: 1 }]);
  await bench.clock.advance(100);
  const { state, error } = await played.done;
  assert.equal(state, 'error');
  assert.match(error ?? '', /no common codec/);
  assert.equal(out.end?.status, 488);
  await bench.finish();
});

test('a 488 says what is wrong with the offer, at the beginning and within the call', async (t) => {
  const bench = await openBench(t);
  const { clock } = bench;
  const peer = await RawPeer.open(bench.network);
  const viaOf = (branch: string): string => `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-${branch}`;
  const warned =
    '399 openswml "no common codec: offered 9 (G722/8000) 101 (TELEPHONE-EVENT/8000), supported PCMU, PCMA"';
  peer.send('INVITE', { 'Call-ID': 'call-0' }, sdp(bench.port, '9 101'));
  await clock.advance(50);
  await assert.rejects(bench.leg.answer(), CallError);
  await clock.advance(50);
  assert.equal(peer.response.status, 488);
  assert.equal(peer.response.headers.get('Warning'), warned);
  peer.send('ACK', { 'Call-ID': 'call-0', To: peer.response.headers.get('To'), Via: viaOf('INVITE-1') });
  peer.send('INVITE', { Via: viaOf('second') }, sdp(bench.port));
  await clock.advance(50);
  await bench.leg.answer();
  await clock.advance(50);
  const To = peer.response.headers.get('To')!;
  peer.send('ACK', { To, CSeq: '1 ACK', Via: viaOf('ack') });
  peer.send('INVITE', { To, CSeq: '2 INVITE', Via: viaOf('re') }, sdp(bench.port, '9 101'));
  await clock.advance(50);
  assert.equal(peer.response.status, 488);
  assert.equal(peer.response.headers.get('Warning'), warned);
  const hostile = ['v=0', 'm=audio 4000 RTP/AVP \u0007"\u{1f600}', ''].join('\r\n');
  peer.send('INVITE', { To, CSeq: '3 INVITE', Via: viaOf('hostile') }, hostile);
  await clock.advance(50);
  assert.match(peer.response.headers.get('Warning')!, /offered \?\\"\?\?, supported/);
  peer.send('BYE', { To, CSeq: '4 BYE', Via: viaOf('bye') });
  await clock.advance(100);
  await bench.leg.ended;
  await bench.finish();
});

test('where no media session can be had, the caller is refused, and told when to try again', async (t) => {
  const bench = await openBench(t);
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE');
  await bench.clock.advance(50);
  t.mock.method(bench.rtp, 'open', () => Promise.reject(new Error('no free pair of RTP ports')));
  await assert.rejects(
    bench.leg.answer(),
    (error) => error instanceof CallError && /no media session .*no free pair/.test(error.message),
  );
  await bench.clock.advance(50);
  assert.equal(peer.response.status, 503);
  assert.equal(peer.response.headers.get('Retry-After'), '5');
  assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'error' });
  await bench.finish();
});

test('an answer restricted to codecs that we do not have is refused with 488 too', async (t) => {
  const bench = await openBench(t);
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
  await bench.clock.advance(100);
  await assert.rejects(bench.leg.answer({ codecs: ['OPUS'] }), CallError);
  await bench.clock.advance(100);
  assert.equal(out.end?.status, 488);
  await bench.finish();
});

test('so it is where the caller made no offer: there is none that we could make', async (t) => {
  const bench = await openBench(t);
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE');
  await bench.clock.advance(50);
  await assert.rejects(
    bench.leg.answer({ codecs: ['G729'] }),
    (error) => error instanceof CallError && error.code === 'no_common_codec',
  );
  await bench.clock.advance(50);
  assert.equal(peer.response.status, 488);
  assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'error' });
  await bench.finish();
});

test('an INVITE without an offer gets ours with the 200, and sound after the answer in its ACK', async (t) => {
  const bench = await openBench(t);
  const { clock, heard } = bench;
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE');
  await clock.advance(50);
  const early = await bench.leg.play([{ kind: 'silence', seconds: 1 }]).done;
  assert.equal(early.state, 'error');
  assert.match(early.error ?? '', /no offer/);
  await bench.leg.answer();
  await clock.advance(50);
  const { response } = peer;
  assert.equal(response.status, 200);
  assert.match(Buffer.from(response.body).toString(), /RTP\/AVP 0 8 101\r\n/);
  assert.equal(heard.packets, 0);
  const To = response.headers.get('To')!;
  peer.send(
    'ACK',
    { To, CSeq: '1 ACK', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-ack` },
    sdp(bench.port, '0 101'),
  );
  await clock.advance(1000);
  assert.ok(heard.packets >= 45, `${heard.packets}`);
  assert.equal(heard.payloadType, 0);
  peer.send('BYE', { To, CSeq: '2 BYE', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-bye` });
  await clock.advance(100);
  await bench.leg.ended;
  await bench.finish();
});

test('where we offer no narrow-band codec, sounds have the rate of the call before its ACK', async (t) => {
  const rates: number[] = [];
  const bench = await openBench(t, {
    codecs: ['PCMU', 'G722', 'OPUS'],
    sounds: {
      load: (_sound, sampleRate) => {
        rates.push(sampleRate);
        return { kind: 'made', sound: { kind: 'silence', durationMs: 200 } };
      },
    },
  });
  const { clock, heard } = bench;
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE');
  await clock.advance(50);
  await bench.leg.answer({ codecs: ['G722', 'OPUS'] });
  const played = bench.leg.play([{ kind: 'silence', seconds: 0.2 }]);
  await clock.advance(50);
  const { response } = peer;
  assert.match(Buffer.from(response.body).toString(), /RTP\/AVP 9 /, 'the first one first');
  assert.deepEqual(rates, [16_000]);
  const To = response.headers.get('To')!;
  peer.send(
    'ACK',
    { To, CSeq: '1 ACK', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-ack` },
    sdp(bench.port, '9 101'),
  );
  await clock.advance(1000);
  assert.equal((await played.done).state, 'finished');
  assert.equal(heard.payloadType, 9);
  peer.send('BYE', { To, CSeq: '2 BYE', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-bye` });
  await clock.advance(100);
  await bench.leg.ended;
  await bench.finish();
});

test('a caller without an offer is offered the codecs of the answer alone, also where sound before it was tried', async (t) => {
  const bench = await openBench(t);
  const { clock } = bench;
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE');
  await clock.advance(50);
  assert.equal((await bench.leg.play([{ kind: 'silence', seconds: 1 }]).done).state, 'error');
  await bench.leg.answer({ codecs: ['PCMA'] });
  await clock.advance(50);
  assert.match(Buffer.from(peer.response.body).toString(), /RTP\/AVP 8 101\r\n/);
  const To = peer.response.headers.get('To')!;
  peer.send(
    'ACK',
    { To, CSeq: '1 ACK', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-ack` },
    sdp(bench.port, '8 101'),
  );
  await clock.advance(50);
  peer.send('BYE', { To, CSeq: '2 BYE', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-bye` });
  await clock.advance(100);
  await bench.leg.ended;
  await bench.finish();
});

test('a wideband call that is asked for our offer names narrow-band behind it, and goes on with that', async (t) => {
  const bench = await openBench(t, { codecs: ['PCMU', 'G722'] });
  const { clock, heard } = bench;
  const peer = await RawPeer.open(bench.network);
  const viaOf = (branch: string): string => `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-${branch}`;
  peer.send('INVITE', {}, sdp(bench.port, '9 0 101'));
  await clock.advance(50);
  await bench.leg.answer();
  await clock.advance(50);
  const To = peer.response.headers.get('To')!;
  peer.send('ACK', { To, CSeq: '1 ACK', Via: viaOf('ack') });
  await clock.advance(500);
  assert.equal(heard.payloadType, 9);
  peer.send('INVITE', { To, CSeq: '2 INVITE', Via: viaOf('re') });
  await clock.advance(50);
  assert.match(Buffer.from(peer.response.body).toString(), /RTP\/AVP 9 0 101\r\n/);
  peer.send('ACK', { To, CSeq: '2 ACK', Via: viaOf('re-ack') }, sdp(bench.port, '0 101'));
  await clock.advance(500);
  assert.equal(heard.payloadType, 0);
  peer.send('BYE', { To, CSeq: '3 BYE', Via: viaOf('bye') });
  await clock.advance(100);
  await bench.leg.ended;
  await bench.finish();
});

test('a caller that accepts our offer with no answer has its call ended', async (t) => {
  const bench = await openBench(t);
  const { clock } = bench;
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE');
  await clock.advance(50);
  await bench.leg.answer();
  await clock.advance(50);
  const To = peer.response.headers.get('To')!;
  peer.send('ACK', { To, CSeq: '1 ACK', Via: `SIP/2.0/UDP ${ALICE}:5060;branch=z9hG4bK-ack` });
  await clock.advance(100);
  peer.respond(peer.request('BYE'), 200);
  await clock.advance(100);
  assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'error' });
  await bench.finish();
});

test('a CANCEL ends the call, which can no longer be answered then', async (t) => {
  const bench = await openBench(t);
  const { clock } = bench;
  const alice = await bench.caller();
  const first = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
  await clock.advance(500);
  assert.deepEqual(first.events, ['progress 180']);
  assert.equal(bench.leg.info.call_state, 'ringing');
  void first.call.hangup();
  await clock.advance(100);
  assert.deepEqual(await bench.leg.ended, { by: 'remote', reason: 'cancel' });

  await assert.rejects(
    bench.leg.answer(),
    (error) => error instanceof CallError && error.code === 'call_over',
  );
  await bench.finish();
});

test('a caller who takes its call back by BYE has given up as by CANCEL', async (t) => {
  const bench = await openBench(t);
  const { clock } = bench;
  const peer = await RawPeer.open(bench.network);
  peer.send('INVITE', {}, sdp(bench.port));
  await clock.advance(500);
  peer.send('BYE', { To: peer.response.headers.get('To'), CSeq: '2 BYE' });
  await clock.advance(100);
  assert.deepEqual(await bench.leg.ended, { by: 'remote', reason: 'cancel' });
  await bench.finish();
});

test('a script may refuse, each reason with its status', async (t) => {
  const bench = await openBench(t);
  const alice = await bench.caller();
  for (const [reason, status] of [
    ['busy', 486],
    ['decline', 603],
    ['hangup', 480],
    ['error', 503],
  ] as const) {
    const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
    await bench.clock.advance(100);
    await bench.leg.hangup(reason);
    await bench.clock.advance(100);
    assert.equal(out.end?.status, status);
    assert.deepEqual(await bench.leg.ended, { by: 'local', reason });
  }
  await bench.finish();
});

test('early sound comes with 183, and the answer repeats its description', async (t) => {
  const bench = await openBench(t);
  const { clock, heard } = bench;
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
  await clock.advance(50);
  const played = bench.leg.play([{ kind: 'silence', seconds: 1 }]);
  await clock.advance(500);
  assert.equal((await played.done).state, 'finished');
  assert.ok(heard.packets > 20);
  await bench.leg.answer();
  await clock.advance(100);
  assert.deepEqual(out.events, ['progress 183', 'confirmed']);
  assert.equal(out.sdp[0], out.sdp[1]);
  void bench.leg.hangup();
  await clock.advance(100);
  await bench.finish();
});

test('a hold silences us and a retrieval brings us back; what we cannot take changes nothing', async (t) => {
  const bench = await openBench(t);
  const { clock, heard } = bench;
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
  await clock.advance(50);
  await bench.leg.answer();
  await clock.advance(500);
  const change = async (offer: string): Promise<unknown> => {
    const result = out.call.reinvite(offer).catch((error: unknown) => error);
    await clock.advance(200);
    return await result;
  };
  const during = async (): Promise<number> => {
    const before = heard.packets;
    await clock.advance(1000);
    return heard.packets - before;
  };
  assert.equal(await change(sdp(bench.port, '0 101', 'sendonly')), undefined);
  assert.match(out.sdp.at(-1)!, /a=recvonly/);
  assert.equal(await during(), 0);
  assert.ok((await change(sdp(bench.port, '9 101'))) instanceof Error);
  assert.equal(await during(), 0);
  assert.equal(await change(sdp(bench.port, '8 101')), undefined);
  assert.ok((await during()) >= 49);
  assert.equal(heard.payloadType, 8);
  void out.call.hangup();
  await clock.advance(100);
  await bench.finish();
});

test('keys by INFO reach the leg', async (t) => {
  const bench = await openBench(t);
  const { clock } = bench;
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
  await clock.advance(50);
  await bench.leg.answer();
  await clock.advance(100);
  void out.call.sendInfo('application/dtmf-relay', 'Signal=7\r\nDuration=100\r\n');
  await clock.advance(100);
  void out.call.sendInfo('text/plain', 'Signal=8');
  await clock.advance(100);
  assert.deepEqual(bench.digits, ['7']);
  void out.call.hangup();
  await clock.advance(100);
  await bench.finish();
});

test('a caller whose network is gone holds up the end of its call for 2 s, and is told on', async (t) => {
  const bench = await openBench(t);
  const { clock, network } = bench;
  const alice = await bench.caller();
  alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port) });
  await clock.advance(100);
  await bench.leg.answer();
  await clock.advance(100);
  const byes: number[] = [];
  const gone = clock.monotonic();
  network.sent = ({ data }) => {
    if (data.toString().startsWith('BYE')) byes.push(Math.round((clock.monotonic() - gone) / 100) / 10);
  };
  network.fate = () => [];
  void bench.leg.hangup();
  await clock.advance(1900);
  assert.equal(bench.leg.info.call_state, 'ending');
  await clock.advance(200);
  assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'hangup' });
  await clock.advance(10_000);
  assert.deepEqual(byes, [0, 0.5, 1.5, 3.5, 7.5, 11.5]);
  await bench.finish();
});

test('a caller who hangs up within a recording leaves it finished, registered and reported', async (t) => {
  const bench = await openBench(t);
  const { clock, store, outbox } = bench;
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port, '0 101') });
  await clock.advance(50);
  await bench.leg.answer();
  await clock.advance(50);
  const port = Number(/m=audio (\d+)/.exec(out.sdp[0]!)?.[1]);
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 160).fill(0x90);
  let sent = 0;
  const talking = clock.every(20, () => {
    writeRtpHeader(packet, 0, sent === 0, sent, sent * 160, 42);
    sent++;
    bench.ear.send(packet, 0, packet.length, port, BOB);
  });
  await clock.advance(1000);
  const operation = await bench.leg.record(RECORD);
  await clock.advance(3000);
  talking.cancel();
  void out.call.hangup();
  await clock.advance(100);
  assert.deepEqual(await bench.leg.ended, { by: 'remote', reason: 'hangup' });
  const { durationMs, byteSize, endedBy } = await operation.done;
  assert.equal(endedBy, 'hangup');
  // The three seconds, and what waited to be heard when the call ended.
  assert.ok(durationMs >= 3000 && durationMs <= 3100, `${durationMs}`);
  const row = store.get(operation.recordingId)!;
  assert.equal(row.status, 'completed');
  assert.equal(statSync(path.join(bench.dataDir, row.path)).size, byteSize);
  assert.equal(byteSize, 44 + durationMs * 16);
  assert.deepEqual(outbox.states, ['recording', 'finished']);
  await bench.finish();
});
