/** Calls of ours that are refused so that they are made in another way: redirections, challenges, a 422. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawBench } from '../../test/sip/raw-peer.ts';

const PEER = 'sip:peer@10.0.0.1:5060';

test('A redirection is followed, the best liked address first, three of them at most', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  const Contact = [1, 2, 3, 4].map((n) => `<sip:place${n}@10.0.0.1:5060;method=INVITE>;q=0.${n}`);
  peer.respond(peer.request('INVITE'), 302, { Contact });
  await clock.advance(20);
  for (const place of ['place4', 'place3', 'place2']) {
    const invite = peer.request('INVITE');
    assert.equal(invite.uri, `sip:${place}@10.0.0.1:5060`);
    assert.equal(invite.headers.get('To'), `<${PEER}>`);
    peer.respond(invite, 404, {}, '', place);
    await clock.advance(20);
  }
  assert.equal(peer.request('INVITE').headers.get('CSeq'), '4 INVITE');
  assert.deepEqual(out.events, ['ended remote failed 404']);
  await finish();
});

test('Redirections in a circle come to an end, and call no address twice', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  const called: string[] = [];
  for (const Contact of [`<${PEER}>, <sip:other@10.0.0.1:5060>`, `<${PEER}>`]) {
    await clock.advance(20);
    called.push(peer.request('INVITE').uri);
    peer.respond(peer.request('INVITE'), 302, { Contact }, '', `t${called.length}`);
  }
  await clock.advance(20);
  assert.deepEqual(called, [PEER, 'sip:other@10.0.0.1:5060']);
  assert.deepEqual(out.events, ['ended remote failed 302']);
  await finish();
});

test('A 6xx and a 3xx without a usable Contact end the call', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  for (const [status, headers] of [
    [603, {}],
    [302, { Contact: '<tel:+15550100>' }],
    [302, { Contact: 'nonsense' }],
    [302, { Contact: '<sip:x@y;transport=tls>' }],
  ] as const) {
    const out = bob.dial(PEER);
    await clock.advance(20);
    peer.respond(peer.request('INVITE'), status, headers);
    await clock.advance(20);
    assert.deepEqual(out.events, [`ended remote failed ${status}`]);
  }
  await finish();
});

test('A challenge is answered once with the credentials, in INVITE, ACK, and later requests', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER, { credentials: { username: 'bob', password: 'secret' } });
  await clock.advance(20);
  const challenge = 'Digest realm="pbx", nonce="n1", qop="auth", algorithm=SHA-256';
  peer.respond(peer.request('INVITE'), 407, { 'Proxy-Authenticate': challenge }, '', 'refused');
  await clock.advance(20);
  const second = peer.request('INVITE');
  assert.equal(second.headers.get('CSeq'), '2 INVITE');
  assert.match(
    second.headers.get('Proxy-Authorization')!,
    /^Digest username="bob", realm="pbx", nonce="n1", uri="sip:peer@10\.0\.0\.1:5060"/,
  );
  peer.respond(second, 200, {}, 'answer');
  await clock.advance(20);
  assert.equal(
    peer.request('ACK').headers.get('Proxy-Authorization'),
    second.headers.get('Proxy-Authorization'),
  );
  const ended = out.call.hangup();
  await clock.advance(20);
  assert.match(peer.request('BYE').headers.get('Proxy-Authorization')!, /nc=00000002/);
  const renewed = { 'Proxy-Authenticate': 'Digest realm="pbx", nonce="n2", qop="auth"' };
  peer.respond(peer.request('BYE'), 407, renewed);
  await clock.advance(20);
  assert.match(peer.request('BYE').headers.get('Proxy-Authorization')!, /nonce="n2"/);
  peer.respond(peer.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});

test('Requests that are challenged at the same time, each with a nonce of its own, are all answered', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const challenge = (nonce: string) => ({
    'WWW-Authenticate': `Digest realm="pbx", nonce="${nonce}", qop="auth"`,
  });
  const out = bob.dial(PEER, { credentials: { username: 'bob', password: 'secret' } });
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 401, challenge('n1'), '', 'refused');
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 200, {}, 'answer');
  await clock.advance(20);
  const told = out.call.sendInfo('application/dtmf', '1');
  await clock.advance(20);
  const ended = out.call.hangup();
  await clock.advance(20);
  peer.respond(peer.request('INFO'), 401, challenge('n2'));
  await clock.advance(20);
  peer.respond(peer.request('BYE'), 401, challenge('n3'));
  await clock.advance(20);
  assert.match(peer.request('BYE').headers.get('Authorization')!, /nonce="n3".*nc=00000001/);
  peer.respond(peer.request('BYE'), 401, challenge('n4'));
  await clock.advance(20);
  assert.match(peer.request('BYE').headers.get('Authorization')!, /nonce="n3"/, 'refused at its first use');
  peer.respond(peer.request('INFO'), 481);
  await Promise.all([told, ended, clock.advance(20)]);
  await finish();
});

test('Wrong credentials, and a challenge to a call that has none, end the call with the status', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const headers = { 'WWW-Authenticate': 'Digest realm="pbx", nonce="n1"' };
  const none = bob.dial(PEER);
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 401, headers);
  await clock.advance(20);
  assert.deepEqual(none.events, ['ended remote failed 401']);
  const wrong = bob.dial(PEER, { credentials: { username: 'bob', password: 'wrong' } });
  for (let i = 0; i < 2; i++) {
    await clock.advance(20);
    peer.respond(peer.request('INVITE'), 401, headers, '', `t${i}`);
  }
  await clock.advance(20);
  assert.deepEqual(wrong.events, ['ended remote failed 401']);
  await finish();
});

test('A 422 is answered with the longer interval that it asks for', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER, { sessionExpires: 120 });
  await clock.advance(20);
  assert.equal(peer.request('INVITE').headers.get('Session-Expires'), '120');
  peer.respond(peer.request('INVITE'), 422, { 'Min-SE': '600' });
  await clock.advance(20);
  const second = peer.request('INVITE');
  assert.equal(second.headers.get('Session-Expires'), '600');
  assert.equal(second.headers.get('Min-SE'), '600');
  peer.respond(second, 422, { 'Min-SE': '600' }, '', 'again');
  await clock.advance(20);
  assert.deepEqual(out.events, ['ended remote failed 422']);
  await finish();
});
