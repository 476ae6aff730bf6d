import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUri } from '../message/uri.ts';
import { targetOf } from './target.ts';

function target(uri: string, protocol?: 'udp' | 'tcp'): string {
  const { protocol: chosen, host, port, mayUpgrade } = targetOf(parseUri(uri), protocol);
  return `${chosen} ${host} ${port}${mayUpgrade ? ' may upgrade' : ''}`;
}

test('A URI leads to its host and port over its transport, or UDP and 5060', () => {
  assert.equal(target('sip:ann@example.com'), 'udp example.com 5060 may upgrade');
  assert.equal(target('sip:ann@[2001:db8::1]:5080'), 'udp 2001:db8::1 5080 may upgrade');
  assert.equal(target('sip:ann@example.com;transport=TCP'), 'tcp example.com 5060');
  assert.equal(target('sip:ann@example.com;transport=udp'), 'udp example.com 5060');
  assert.equal(target('sip:ann@example.com;maddr=10.0.0.1'), 'udp 10.0.0.1 5060 may upgrade');
  assert.equal(target('sip:ann@example.com;maddr=[2001:db8::1]'), 'udp 2001:db8::1 5060 may upgrade');
  assert.equal(target('sip:ann@example.com:0'), 'udp example.com 5060 may upgrade');
});

test('A transport that is asked for goes before that of the URI', () => {
  assert.equal(target('sip:ann@example.com;transport=tcp', 'udp'), 'udp example.com 5060');
  assert.equal(target('sip:ann@example.com', 'tcp'), 'tcp example.com 5060');
});

test('Transports and schemes that we lack are refused with the cure', () => {
  assert.throws(() => target('sip:ann@example.com;transport=ws'), /cannot send over ws; use transport=udp/);
  assert.throws(() => target('sips:ann@example.com'), /use sip:/);
  assert.throws(() => target('tel:+15550100'), /cannot send to a tel: URI/);
});
