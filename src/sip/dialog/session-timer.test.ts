import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expiryDelayMs, negotiateAsClient, negotiateAsServer, refreshDelayMs } from './session-timer.ts';

const POLICY = { sessionExpires: 1800, minSe: 90 };

test('As a server, the refresher follows RFC 4028 table 2', () => {
  const refresher = (peerSupports: boolean, asked: 'uac' | 'uas' | undefined): string => {
    const decision = negotiateAsServer(
      { sessionExpires: { seconds: 600, refresher: asked }, minSe: undefined, peerSupports },
      POLICY,
    );
    assert.equal(decision.kind, 'timer');
    return decision.kind === 'timer' ? `${decision.refresher} ${decision.timer.refreshedBy}` : '';
  };
  assert.equal(refresher(false, undefined), 'uas local');
  assert.equal(refresher(true, undefined), 'uac remote');
  assert.equal(refresher(true, 'uac'), 'uac remote');
  assert.equal(refresher(true, 'uas'), 'uas local');
});

test('An interval below our minimum gets 422, unless the client could not understand that', () => {
  const request = { sessionExpires: { seconds: 60, refresher: undefined }, minSe: undefined };
  assert.deepEqual(negotiateAsServer({ ...request, peerSupports: true }, POLICY), {
    kind: 'tooSmall',
    minSe: 90,
  });
  const decision = negotiateAsServer({ ...request, peerSupports: false }, POLICY);
  assert.equal(decision.kind === 'timer' && decision.timer.seconds, 60);
});

test('A minimum below 90 s is not ours to choose', () => {
  const request = {
    sessionExpires: { seconds: 60, refresher: undefined },
    minSe: undefined,
    peerSupports: true,
  };
  assert.equal(negotiateAsServer(request, { sessionExpires: 1800, minSe: 10 }).kind, 'tooSmall');
});

test('Without a wish of the client, the server asks only a client that knows the timer, and refreshes itself', () => {
  const request = { sessionExpires: undefined, minSe: undefined };
  assert.equal(negotiateAsServer({ ...request, peerSupports: false }, POLICY).kind, 'none');
  assert.deepEqual(negotiateAsServer({ ...request, peerSupports: true }, POLICY), {
    kind: 'timer',
    timer: { seconds: 1800, refreshedBy: 'local' },
    refresher: 'uas',
  });
  const off = { ...POLICY, sessionExpires: 0 };
  assert.equal(negotiateAsServer({ ...request, peerSupports: true }, off).kind, 'none');
});

test('As a client, a 2xx without Session-Expires means a session without a timer', () => {
  assert.equal(negotiateAsClient(undefined), undefined);
  assert.equal(negotiateAsClient({ seconds: 90, refresher: 'uas' })?.refreshedBy, 'remote');
  assert.equal(negotiateAsClient({ seconds: 90, refresher: 'uac' })?.refreshedBy, 'local');
});

test('The refresher refreshes at half of the interval; the session is over 32 s or a third before its end', () => {
  assert.equal(refreshDelayMs({ seconds: 1800, refreshedBy: 'local' }), 900_000);
  assert.equal(expiryDelayMs({ seconds: 1800, refreshedBy: 'remote' }), 1_768_000);
  assert.equal(expiryDelayMs({ seconds: 90, refreshedBy: 'remote' }), 60_000);
  assert.equal(refreshDelayMs({ seconds: 1, refreshedBy: 'local' }), 45_000, 'never below 90 s');
});
