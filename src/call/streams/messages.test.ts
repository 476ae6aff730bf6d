import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCodec } from './codec-notation.ts';
import { readMessage } from './messages.ts';
import { parseRtpUri } from './rtp-target.ts';

const media = (payload: unknown): string =>
  JSON.stringify({ event: 'media', streamSid: 's', media: { payload } });

test('audio, marks, clear and keys of the other side are read', () => {
  assert.deepEqual(readMessage(media('AQID'), 's'), { kind: 'media', payload: Uint8Array.of(1, 2, 3) });
  assert.deepEqual(readMessage('{"event":"media","media":{"payload":""}}', 's'), {
    kind: 'media',
    payload: new Uint8Array(0),
  });
  assert.deepEqual(readMessage('{"event":"mark","streamSid":"s","mark":{"name":"m"}}', 's'), {
    kind: 'mark',
    name: 'm',
  });
  assert.deepEqual(readMessage('{"event":"clear","streamSid":"s"}', 's'), { kind: 'clear' });
  assert.deepEqual(readMessage('{"event":"dtmf","dtmf":{"digit":"a"}}', 's'), { kind: 'dtmf', digit: 'A' });
});

test('what cannot be used is told, and never throws', () => {
  const wrong = [
    '',
    'null',
    '[]',
    '7',
    '"x"',
    '{',
    '{}',
    '{"event":7}',
    '{"event":"start"}',
    media(5),
    media('no base64!'),
    '{"event":"media"}',
    '{"event":"media","media":null}',
    '{"event":"mark"}',
    '{"event":"mark","mark":{"name":7}}',
    `{"event":"mark","mark":{"name":"${'x'.repeat(257)}"}}`,
    '{"event":"dtmf","dtmf":{"digit":"12"}}',
    '{"event":"dtmf","dtmf":{"digit":"E"}}',
    '{"event":"clear","streamSid":"other"}',
    '{"__proto__":{"event":"clear"}}',
    '{"event":null}',
    `{"event":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ];
  for (const text of wrong) {
    const message = readMessage(text, 's');
    assert.ok(message.kind === 'invalid' && message.reason.length > 5 && message.reason.length < 120, text);
  }
});

test('codecs are written with their rate and packet time behind them, in either case and order', () => {
  const read: readonly (readonly [string, string, number, number])[] = [
    ['PCMU', 'PCMU', 8000, 20],
    ['pcma@40i', 'PCMA', 8000, 40],
    ['PCMU@8000h', 'PCMU', 8000, 20],
    ['G722', 'G722', 16_000, 20],
    ['L16', 'L16', 16_000, 20],
    ['L16@24000h@40i', 'L16', 24_000, 40],
    ['L16@10i@8000h', 'L16', 8000, 10],
    ['OPUS@48000H@20I', 'OPUS', 48_000, 20],
    ['OPUS@50i', 'OPUS', 48_000, 40],
    ['OPUS@120i', 'OPUS', 48_000, 60],
  ];
  for (const [text, codec, sampleRate, ptimeMs] of read) {
    assert.deepEqual(parseCodec(text), { codec, sampleRate, ptimeMs }, text);
  }
  for (const text of [
    '',
    'G729',
    'L16@',
    'L16@24000',
    'L16@11025h',
    'PCMU@16000h',
    'PCMU@25i',
    'PCMU@130i',
    'L16@0i',
  ]) {
    assert.equal(typeof parseCodec(text), 'string', text);
  }
});

test('RTP goes to an IPv4 address and a port, nothing else', () => {
  assert.deepEqual(parseRtpUri('rtp://192.0.2.5:4000'), { address: '192.0.2.5', port: 4000 });
  assert.deepEqual(parseRtpUri(' RTP://192.0.2.5:65535/ '), { address: '192.0.2.5', port: 65_535 });
  for (const uri of [
    'rtp://192.0.2.5',
    'rtp://192.0.2.5:0',
    'rtp://192.0.2.5:65536',
    'rtp://a.example:4000',
    'rtp://0x7f000001:4000',
    'rtp://2130706433:1',
    'rtp://[::1]:4000',
    'rtp://u@192.0.2.5:4000',
    'udp://192.0.2.5:4000',
  ]) {
    assert.equal(typeof parseRtpUri(uri), 'string', uri);
  }
});

test('whatever text comes, it is read or refused, never thrown', () => {
  const events = fc.constantFrom('media', 'mark', 'clear', 'dtmf', 'start', '');
  const shaped = fc.record(
    {
      event: events,
      streamSid: fc.anything(),
      media: fc.anything(),
      mark: fc.anything(),
      dtmf: fc.anything(),
    },
    { requiredKeys: ['event'] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        shaped.map((value) => JSON.stringify(value) ?? ''),
      ),
      (text) => {
        assert.match(readMessage(text, 's').kind, /^(?:media|mark|clear|dtmf|invalid)$/);
      },
    ),
    { numRuns: 300 },
  );
});
