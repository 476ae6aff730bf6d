import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AddressGuard } from './address-guard.ts';

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '2606:4700:4700::1111',
  '64:ff9b::8.8.8.8',
  '::ffff:8.8.8.8',
];

const HIDDEN: readonly (readonly [address: string, what: string])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['192.168.1.1', 'private'],
  ['169.254.169.254', 'linkLocal'],
  ['fe80::1', 'linkLocal'],
  ['100.64.0.1', 'carrierGradeNat'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['255.255.255.255', 'broadcast'],
  ['192.0.2.1', 'reserved'],
  ['198.18.0.1', 'reserved'],
  ['240.0.0.1', 'reserved'],
  ['fd00::1', 'uniqueLocal'],
  ['fec0::1', 'deprecatedSiteLocal'],
  ['2001:db8::1', 'reserved'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:a9fe:a9fe', 'linkLocal'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['64:ff9b:1::a00:1', 'rfc6052'],
  ['2002:7f00:1::', '6to4'],
  ['2002:0808:0808::1', '6to4'],
  ['2001::1', 'teredo'],
  ['::127.0.0.1', 'loopback'],
  ['::7f00:1', 'reserved'],
  ['4000::1', 'reserved'],
];

describe('address guard', () => {
  it('lets public addresses pass, also behind the IPv6 forms that lead straight to them', () => {
    const guard = new AddressGuard();
    for (const address of PUBLIC) assert.equal(guard.refusal(address, 443), undefined, address);
  });

  for (const [address, what] of HIDDEN) {
    it(`refuses ${address} as ${what}`, () => {
      assert.equal(new AddressGuard().refusal(address, 80), what);
    });
  }

  it('refuses what is no address', () => {
    for (const text of ['', 'localhost', '1.2.3.4.5', 'g::1'])
      assert.equal(new AddressGuard().refusal(text, 80), 'not an address');
  });

  it('refuses every address of a private range, in IPv4 and in its mapped and NAT64 forms', () => {
    const guard = new AddressGuard();
    const octet = fc.integer({ min: 0, max: 255 });
    const inside = fc.oneof(
      fc.tuple(fc.constant('10'), octet, octet, octet),
      fc.tuple(fc.constant('127'), octet, octet, octet),
      fc.tuple(fc.constant('192.168'), octet, octet),
    );
    fc.assert(
      fc.property(inside, fc.constantFrom('', '::ffff:', '64:ff9b::'), (parts, prefix) => {
        assert.notEqual(guard.refusal(prefix + parts.join('.'), 80), undefined);
      }),
    );
  });

  it('opens a range, and no address beside it', () => {
    const guard = new AddressGuard(['10.1.0.0/16', 'fd12::/16']);
    assert.equal(guard.refusal('10.1.255.1', 80), undefined);
    assert.equal(guard.refusal('::ffff:10.1.0.1', 80), undefined);
    assert.equal(guard.refusal('fd12:0::9', 80), undefined);
    assert.equal(guard.refusal('10.2.0.1', 80), 'private');
    assert.equal(guard.refusal('fd13::1', 80), 'uniqueLocal');
  });

  it('reads a range that is written in mapped form', () => {
    const guard = new AddressGuard(['::ffff:10.1.0.0/112']);
    assert.equal(guard.refusal('10.1.0.1', 80), undefined);
    assert.equal(guard.refusal('10.2.0.1', 80), 'private');
  });

  it('opens one address on one port only, when the entry has a port', () => {
    const guard = new AddressGuard(['127.0.0.1:8080', '[::1]:9000']);
    assert.equal(guard.refusal('127.0.0.1', 8080), undefined);
    assert.equal(guard.refusal('::1', 9000), undefined);
    assert.equal(guard.refusal('127.0.0.1', 8081), 'loopback');
    assert.equal(guard.refusal('127.0.0.2', 8080), 'loopback');
    assert.equal(guard.refusal('::1', 8080), 'loopback');
  });

  it('knows allowed names in any case, with a trailing dot, and by port', () => {
    const guard = new AddressGuard(['CRM.internal', 'localhost:8080']);
    assert.equal(guard.allowsName('crm.internal', 1), true);
    assert.equal(guard.allowsName('crm.INTERNAL.', 2), true);
    assert.equal(guard.allowsName('localhost', 8080), true);
    assert.equal(guard.allowsName('localhost', 80), false);
    assert.equal(guard.allowsName('sub.crm.internal', 1), false);
    assert.equal(guard.refusal('127.0.0.1', 8080), 'loopback');
  });

  it('says which entry of the list it does not understand', () => {
    for (const entry of [
      '',
      '10.0.0.0/33',
      '127.1',
      'a b',
      'host:0',
      'host:70000',
      'http://x',
      'u@h',
      '[::1',
      '1234',
    ])
      assert.throws(
        () => new AddressGuard([entry]),
        (error: Error) => {
          assert.ok(error instanceof RangeError);
          assert.match(error.message, /10\.0\.0\.0\/8/);
          return error.message.includes(`"${entry}"`);
        },
      );
  });
});
