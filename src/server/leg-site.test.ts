import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallsOptions } from './calls.ts';
import { loadConfig } from './config.ts';
import { legSite } from './leg-site.ts';

const IDENTITY = { nodeId: 'node', projectId: 'project', spaceId: 'space' };

for (const [title, flags, address] of [
  ['nothing is set: that of the interface that leads to the peer', {}, undefined],
  ['audio is received on one address: that one', { 'rtp.bind': '10.0.0.5' }, '10.0.0.5'],
  ['that one is link-local: without its zone', { 'rtp.bind': 'fe80::5%eth0' }, 'fe80::5'],
  ['audio is received on all addresses of IPv6: as where nothing is set', { 'rtp.bind': '::' }, undefined],
  ['that is spelt otherwise: the same', { 'rtp.bind': '0:0::0' }, undefined],
  [
    'another one is advertised: that goes first',
    { 'rtp.bind': '10.0.0.5', 'sip.advertised_address': '203.0.113.7' },
    '203.0.113.7',
  ],
] as const) {
  test(`the address that peers are told to send audio to, where ${title}`, () => {
    const { config } = loadConfig({ env: {}, cwd: '/nowhere', flags });
    const site = legSite({ config, identity: IDENTITY } as unknown as CallsOptions);
    assert.equal(site.advertisedAddress, address);
  });
}
