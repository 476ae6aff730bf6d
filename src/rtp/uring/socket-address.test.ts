import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SenderAddress, writeSocketAddress } from './socket-address.ts';

test('an address is read as it was written, by a socket of either family', () => {
  for (const [isIPv6, address, read] of [
    [false, '127.0.0.1', '127.0.0.1'],
    [false, '203.0.113.250', '203.0.113.250'],
    [true, '203.0.113.250', '203.0.113.250'],
    [true, '2001:DB8:0::1', '2001:db8::1'],
  ] as const) {
    const name = writeSocketAddress(isIPv6, address, 40_002);
    assert.ok(name !== undefined);
    const sender = new SenderAddress(isIPv6);
    assert.equal(name.length, sender.bytes);
    for (let again = 0; again < 2; again++) sender.read(new Uint32Array(name.buffer), 0);
    assert.deepEqual([sender.address, sender.port], [read, 40_002]);
  }
});

test('an IPv4 address in a socket for both families has the form of IPv6 (RFC 4291 2.5.5.2)', () => {
  const name = writeSocketAddress(true, '192.0.2.7', 5060);
  assert.deepEqual([...name!.subarray(8, 24)], [...Array(10).fill(0), 0xff, 0xff, 192, 0, 2, 7]);
});

test('a host name, a zone, and IPv6 for a socket of IPv4 are no addresses', () => {
  for (const address of ['localhost', '127.0.0.01', '1.2.3', 'fe80::1%lo', '::1'])
    assert.equal(writeSocketAddress(false, address, 1), undefined, address);
  assert.equal(writeSocketAddress(true, 'fe80::1%lo', 1), undefined);
});
