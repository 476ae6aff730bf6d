import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalAddresses } from './local-address.ts';

const INTERFACES = [
  { address: '127.0.0.1', prefix: 8, internal: true },
  { address: '::1', prefix: 128, internal: true },
  { address: '192.168.1.10', prefix: 24, internal: false },
  { address: '10.1.0.5', prefix: 16, internal: false },
  { address: 'fe80::1', prefix: 64, internal: false },
  { address: '2001:db8:1::5', prefix: 64, internal: false },
];

test('A peer in a subnet of ours sees our address there', () => {
  const ours = new LocalAddresses(INTERFACES, ['192.168.1.10']);
  assert.equal(ours.towards('127.0.0.9'), '127.0.0.1');
  assert.equal(ours.towards('192.168.1.77'), '192.168.1.10');
  assert.equal(ours.towards('10.1.200.1'), '10.1.0.5');
  assert.equal(ours.towards('2001:db8:1::77'), '2001:db8:1::5');
  assert.equal(ours.towards('::1'), '::1');
});

test('A link-local peer sees our address on the interface that it is at', () => {
  const ours = new LocalAddresses(
    [
      { address: 'fe80::a', prefix: 64, internal: false, zone: 'docker0' },
      { address: 'fe80::b', prefix: 64, internal: false, zone: 'eth0' },
      { address: '192.168.1.10', prefix: 24, internal: false, zone: 'eth0' },
    ],
    ['192.168.1.10'],
  );
  assert.equal(ours.towards('fe80::9%eth0'), 'fe80::b');
  assert.equal(ours.towards('fe80::9%docker0'), 'fe80::a');
  assert.equal(ours.towards('192.168.1.77'), '192.168.1.10');
});

test('A peer elsewhere sees the address of the default route, else one that is not loopback', () => {
  assert.equal(new LocalAddresses(INTERFACES, ['10.1.0.5']).towards('203.0.113.1'), '10.1.0.5');
  assert.equal(new LocalAddresses(INTERFACES, []).towards('203.0.113.1'), '192.168.1.10');
  assert.equal(new LocalAddresses(INTERFACES, ['10.1.0.5']).towards('2001:db8:9::1'), '2001:db8:1::5');
});

test('A machine with nothing but loopback answers from there', () => {
  assert.equal(new LocalAddresses(INTERFACES.slice(0, 2), []).towards('203.0.113.1'), '127.0.0.1');
  assert.equal(new LocalAddresses([], []).towards('2001:db8::1'), '::1');
});
