import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMessage } from '../message/parser.ts';
import type { Flow } from '../transport/flow.ts';
import { Dialog } from './dialog.ts';

/** Over UDP, from 2001:db8::1. */
const FLOW: Flow = {
  protocol: 'udp',
  reliable: false,
  local: { address: '2001:db8::2', port: 5060 },
  remote: { address: '2001:db8::1', port: 40_000 },
  closed: false,
  send: () => {},
  unanswered: () => {},
  retain: () => {},
  release: () => {},
};

/** Where our requests go to a caller whose Via names `host`, and whose Contact is at another address. */
function targetOf(host: string): ReturnType<Dialog['target']> {
  const invite = parseMessage(
    Buffer.from(
      `INVITE sip:bob@[2001:db8::2] SIP/2.0\r\nVia: SIP/2.0/UDP ${host}:5060;branch=z9hG4bK-1\r\n` +
        'From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\n' +
        'CSeq: 1 INVITE\r\nContact: <sip:alice@[2001:db8::7]:5070>\r\nContent-Length: 0\r\n\r\n',
    ),
  );
  assert.ok(invite.kind === 'request');
  return Dialog.fromRequest(invite, 'ours', FLOW).target();
}

test('A caller over IPv6 is reached at its Contact, however its Via spells where it sends from', () => {
  for (const host of ['[2001:db8::1]', '[2001:db8:0:0:0:0:0:1]', '[2001:0DB8::0001]']) {
    const { host: to, port, flow } = targetOf(host);
    assert.deepEqual([to, port, flow], ['2001:db8::7', 5070, undefined], host);
  }
  assert.equal(targetOf('[2001:db8::99]').flow, FLOW, 'another address than the one it sends from');
});
