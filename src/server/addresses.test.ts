import assert from 'node:assert/strict';
import os from 'node:os';
import { describe, test } from 'node:test';
import { type Interfaces, primaryAddress, publicUrlOf, sipUris } from './addresses.ts';
import { loadConfig } from './config.ts';
import type { Config } from './config-keys.ts';

function interfaces(...addresses: string[]): Interfaces {
  const entries = addresses.map((address) => ({
    address,
    netmask: '',
    mac: '',
    internal: address === '127.0.0.1' || address === '::1',
    cidr: null,
    ...(address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const }),
  }));
  return { eth0: entries, down: undefined };
}

function config(flags: Record<string, string> = {}): Config {
  return loadConfig({ env: {}, cwd: '/nowhere', flags }).config;
}

const MACHINE = interfaces('127.0.0.1', 'fe80::1', '169.254.1.1', '2001:db8::7', '192.0.2.7', '192.0.2.8');

describe('the main address of the machine', () => {
  test('is the advertised one, else the first outer IPv4, else an outer IPv6, else loopback', () => {
    assert.equal(primaryAddress('203.0.113.1', MACHINE), '203.0.113.1');
    assert.equal(primaryAddress(undefined, MACHINE), '192.0.2.7');
    assert.equal(primaryAddress(undefined, interfaces('127.0.0.1', 'fe80::1', '2001:db8::7')), '2001:db8::7');
    assert.equal(primaryAddress(undefined, interfaces('127.0.0.1', '::1')), '127.0.0.1');
  });

  test('is the advertised one, else loopback, where the system does not tell its addresses', (t) => {
    t.mock.method(os, 'networkInterfaces', () => {
      throw new Error('uv_interface_addresses returned EAFNOSUPPORT');
    });
    assert.equal(primaryAddress('203.0.113.1'), '203.0.113.1');
    assert.equal(primaryAddress(undefined), '127.0.0.1');
  });
});

describe('the public URL', () => {
  test('is the one that is set', () => {
    const set = config({ 'http.public_url': 'https://pbx.example.com' });
    assert.equal(publicUrlOf(set, { host: '0.0.0.0', port: 8080 }, MACHINE), 'https://pbx.example.com');
  });

  test('is else the address and port that HTTP really listens on', () => {
    const url = (host: string) => publicUrlOf(config(), { host, port: 4711 }, MACHINE);
    assert.equal(url('0.0.0.0'), 'http://192.0.2.7:4711');
    assert.equal(url('::'), 'http://192.0.2.7:4711');
    assert.equal(url('127.0.0.1'), 'http://127.0.0.1:4711');
    assert.equal(url('2001:db8::7'), 'http://[2001:db8::7]:4711');
  });
});

describe('the SIP addresses', () => {
  test('name transport and port of each listener', () => {
    const set = config({ 'sip.advertised_address': '203.0.113.1' });
    const bound = [
      { protocol: 'udp', host: '0.0.0.0', port: 5060 },
      { protocol: 'tcp', host: '127.0.0.1', port: 5080 },
      { protocol: 'udp', host: '::1', port: 5060 },
    ] as const;
    assert.deepEqual(sipUris(set, bound, MACHINE), [
      'sip:anything@203.0.113.1:5060',
      'sip:anything@127.0.0.1:5080;transport=tcp',
      'sip:anything@[::1]:5060',
    ]);
  });
});
