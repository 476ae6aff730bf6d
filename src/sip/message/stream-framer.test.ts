import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SIP_LIMITS } from './limits.ts';
import { createResponse } from './message.ts';
import { parseMessage } from './parser.ts';
import { StreamFramer } from './stream-framer.ts';
import type { Frame } from './stream-framer.ts';

function message(body: string, ...extra: readonly string[]): string {
  return [
    'MESSAGE sip:b@example.com SIP/2.0',
    'Via: SIP/2.0/TCP h;branch=z9hG4bK1',
    'From: <sip:a@h>;tag=1',
    'To: <sip:b@h>',
    'Call-ID: c1',
    'CSeq: 1 MESSAGE',
    ...extra,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** Everything that comes out when `chunks` are pushed one after the other. */
function frames(chunks: Iterable<Buffer>, framer = new StreamFramer()): Frame[] {
  const all: Frame[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame.kind !== 'more'; frame = framer.next()) all.push(frame);
  }
  return all;
}

function only(text: string): Frame {
  const all = frames([Buffer.from(text, 'latin1')]);
  assert.equal(all.length, 1);
  return all[0]!;
}

describe('StreamFramer', () => {
  it('gives the same messages however the stream is cut', () => {
    const bodies = ['', 'hello', 'a\r\n\r\nb', 'ü€😀'];
    const stream = Buffer.from(bodies.map((body) => message(body)).join(''));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length })), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((end, i) => stream.subarray(edges[i], end));
        const found = frames(chunks);
        assert.deepEqual(
          found.map((frame) => frame.kind === 'message' && parseMessage(frame.data).body.toString()),
          bodies,
        );
      }),
    );
  });

  it('gives frames that later bytes do not change', () => {
    const framer = new StreamFramer();
    const first = Buffer.from(message('first'));
    const second = Buffer.from(message('other'));
    const found: Buffer[] = [];
    for (const byte of Buffer.concat([first, second, first, second])) {
      framer.push(Buffer.from([byte]));
      const frame = framer.next();
      if (frame.kind === 'message') found.push(frame.data);
    }
    assert.deepEqual(found, [first, second, first, second]);
    assert.equal(framer.pendingBytes, 0);
  });

  it('reads Content-Length in its compact form, in any case and folded', () => {
    for (const name of ['l', 'L', 'content-length', 'CONTENT-LENGTH  ']) {
      const text = message('abc').replace('Content-Length: ', `${name}:\r\n `);
      assert.equal(only(text).kind, 'message', name);
    }
  });

  it('a double CRLF between messages is a ping, a single one a pong (RFC 5626 3.5.1)', () => {
    const kinds = (...chunks: readonly string[]) =>
      frames(chunks.map((chunk) => Buffer.from(chunk))).map((frame) => frame.kind);
    assert.deepEqual(kinds('\r\n\r\n'), ['ping']);
    assert.deepEqual(kinds('\r\n'), ['pong']);
    assert.deepEqual(kinds('\r', '\n'), ['pong']);
    assert.deepEqual(kinds('\r\n', '\r\n'), ['pong', 'ping']);
    assert.deepEqual(kinds('\r\n\r', '\n'), ['pong', 'ping']);
    assert.deepEqual(kinds(message('x'), '\r\n\r\n', message('y')), ['message', 'ping', 'message']);
    assert.deepEqual(kinds(`\r\n\r\n${message('x')}\r\n`), ['ping', 'message', 'pong']);
    assert.deepEqual(kinds('\r\n', message('x'), '\r\n'), ['pong', 'message', 'pong']);
  });

  it('answers a flood of line ends once a chunk', () => {
    assert.deepEqual(
      frames([Buffer.from('\r\n'.repeat(30_000))]).map((frame) => frame.kind),
      ['ping'],
    );
  });

  it('needs more bytes for a head or a body that is not whole', () => {
    const text = message('hello');
    for (const length of [1, 20, text.indexOf('\r\n\r\n') + 3, text.length - 1]) {
      const framer = new StreamFramer();
      framer.push(Buffer.from(text.slice(0, length)));
      assert.equal(framer.next().kind, 'more');
      assert.equal(framer.pendingBytes, length);
    }
  });

  it('is malformed without one readable Content-Length, and can be answered', () => {
    for (const length of ['x', '-1', '5\r\nl: 5', '5, 5', '']) {
      const frame = only(message('hello').replace('Content-Length: 5', `Content-Length: ${length}`));
      assert.equal(frame.kind, 'malformed', length);
      assert.ok(frame.kind === 'malformed');
      assert.equal(frame.error.status, 400);
      assert.equal(createResponse(frame.error.request!, 400).headers.get('Call-ID'), 'c1');
    }
    assert.equal(only(message('hello').replace(/Content-Length: 5\r\n/, '')).kind, 'malformed');
  });

  it('is malformed at the first byte that begins no message', () => {
    for (const text of ['\x16\x03\x01', '\0\0', ' INVITE', '\n\n', '\rX', '<', '\x80']) {
      const frame = only(text);
      assert.equal(frame.kind, 'malformed', JSON.stringify(text));
      assert.ok(frame.kind === 'malformed');
      assert.equal(frame.error.request, undefined);
    }
  });

  it('is too large past the limits, without waiting for the rest, and can be answered', () => {
    const huge = only(message('').replace('Content-Length: 0', `Content-Length: ${SIP_LIMITS.messageBytes}`));
    assert.ok(huge.kind === 'too-large');
    assert.equal(huge.error.status, 513);
    assert.equal(huge.error.request?.headers.get('Call-ID'), 'c1');

    const fields = Array.from({ length: 7 }, (_, i) => `x${i}: ${'y'.repeat(8_000)}`);
    const long = only(message('', ...fields));
    assert.ok(long.kind === 'too-large');
    assert.equal(long.error.request?.headers.get('Call-ID'), 'c1');

    const endless = frames(Array.from({ length: 100 }, () => Buffer.from('x'.repeat(1_000))));
    assert.deepEqual(
      endless.map((frame) => frame.kind),
      ['too-large'],
    );
  });

  it('takes a message of just the greatest size', () => {
    const head = message('').length - 1;
    const bodyBytes = SIP_LIMITS.messageBytes - head - String(SIP_LIMITS.messageBytes).length;
    const frame = only(message('b'.repeat(bodyBytes)));
    assert.ok(frame.kind === 'message');
    assert.equal(frame.data.length, SIP_LIMITS.messageBytes);
    assert.equal(only(message('b'.repeat(bodyBytes + 1))).kind, 'too-large');
  });

  it('says once that it is over, and then takes nothing more', () => {
    const framer = new StreamFramer();
    assert.equal(frames([Buffer.from('\0')], framer).length, 1);
    assert.deepEqual(frames([Buffer.from(message('x'))], framer), []);
    assert.equal(framer.pendingBytes, 0);
  });
});
