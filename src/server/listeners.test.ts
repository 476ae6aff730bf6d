import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SipListener } from '../sip/api.ts';
import { ListenError, listenError } from '../sip/errors.ts';
import { startSip } from './listeners.ts';

const IN_USE = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });

/** What is told where SIP cannot have this address. */
async function told(listener: SipListener, http: { readonly host: string; readonly port: number }) {
  const endpoint = { start: () => Promise.reject(listenError(listener, IN_USE)) };
  try {
    await startSip(endpoint, http);
  } catch (error) {
    assert.ok(error instanceof ListenError);
    return error.message;
  }
  return assert.fail('it listens');
}

test('an address of sip.listen that the HTTP server has is told so, in the place of another program', async () => {
  const http = { host: '0.0.0.0', port: 8080 };
  const tcp = { protocol: 'tcp', host: '127.0.0.1', port: 8080 } as const;
  assert.equal(
    await told(tcp, http),
    'cannot listen for SIP on tcp 127.0.0.1:8080: our own HTTP server on tcp 0.0.0.0:8080 has it; set http.listen or sip.listen to another port',
  );
  assert.match(await told({ ...tcp, host: '::' }, http), /our own HTTP server/);
  for (const other of [
    { ...tcp, protocol: 'udp' },
    { ...tcp, port: 5060 },
    { ...tcp, host: '::1' },
  ] as const) {
    assert.match(await told(other, http), /another program/);
  }
});
