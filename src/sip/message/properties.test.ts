import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { tortureMessage, tortureNames } from '../../../test/data/rfc4475/read.ts';
import {
  allow,
  contacts,
  contentType,
  maxForwards,
  reasons,
  recordRoutes,
  requiredExtensions,
  retryAfter,
  routes,
  sessionExpires,
} from './accessors.ts';
import { parseAddress } from './address.ts';
import { SipParseError, SipSerializeError } from './errors.ts';
import { createRequest, createResponse } from './message.ts';
import type { SipMessage } from './message.ts';
import { Headers } from './headers.ts';
import { parseMessage } from './parser.ts';
import { serialize } from './serialize.ts';
import { StreamFramer } from './stream-framer.ts';
import { parseUri, uriToString } from './uri.ts';
import { checkRequest } from './validate.ts';
import { parseVia } from './via.ts';

const CAPABILITIES = { methods: ['INVITE'], extensions: [], schemes: ['sip'], contentTypes: [] };
const ACCESSORS = [
  allow,
  contacts,
  contentType,
  maxForwards,
  reasons,
  recordRoutes,
  requiredExtensions,
  retryAfter,
  routes,
  sessionExpires,
];

const TOKEN = fc.string({
  unit: fc.constantFrom(..."abzABZ019-.!%*_+`'~"),
  minLength: 1,
  maxLength: 12,
});
/** A value that reading leaves as it is: one line, no space at its ends. */
const VALUE = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((text) => text.replace(/[\0\r\n]/g, '?').replace(/^[ \t]+|[ \t]+$/g, ''));
const NAME = TOKEN.map((token) => `X-${token}`);
const URI = fc
  .tuple(
    fc.constantFrom('sip', 'sips'),
    fc.option(
      TOKEN.map((user) => encodeURIComponent(user)),
      { nil: undefined },
    ),
    fc.constantFrom('h', 'a.example.com', '192.0.2.1', '[2001:db8::1]'),
    fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
  )
  .map(([scheme, user, host, port]) => {
    const at = user === undefined ? '' : `${user}@`;
    return `${scheme}:${at}${host}${port === undefined ? '' : `:${port}`}`;
  });

const MESSAGE: fc.Arbitrary<SipMessage> = fc
  .record({
    method: TOKEN,
    uri: URI,
    status: fc.option(fc.integer({ min: 100, max: 699 }), { nil: undefined }),
    reason: VALUE,
    number: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    tag: fc.option(TOKEN, { nil: undefined }),
    callId: TOKEN,
    extra: fc.array(fc.tuple(NAME, VALUE), { maxLength: 20 }),
    body: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ method, uri, status, reason, number, tag, callId, extra, body }) => {
    const headers = new Headers([
      [
        'v',
        `SIP/2.0/UDP ${uri.slice(uri.lastIndexOf('@') + 1).replace(/^sips?:/, '')};branch=z9hG4bK${callId}`,
      ],
      ['FROM', tag === undefined ? `<${uri}>` : `"${tag}" <${uri}>;tag=${tag}`],
      ['t', uri],
      ['Call-ID', callId],
      ['CSeq', `${number} ${method}`],
      ...extra,
      ['Content-Length', String(body.length)],
    ]);
    const data = Buffer.from(body);
    return status === undefined
      ? createRequest(method, uri, headers, data)
      : { kind: 'response', status, reason, headers, body: data };
  });

/** Reads `data` all the way; anything but SipParseError is a failure. */
function readWholly(data: Buffer): void {
  let message: SipMessage;
  try {
    message = parseMessage(data);
  } catch (error) {
    assert.ok(error instanceof SipParseError, String(error));
    if (error.request !== undefined) serialize(createResponse(error.request, error.status, error.reason));
    return;
  }
  for (const accessor of ACCESSORS) {
    try {
      accessor(message);
    } catch (error) {
      assert.ok(error instanceof SipParseError, String(error));
    }
  }
  if (message.kind === 'request') {
    checkRequest(message, CAPABILITIES);
    serialize(createResponse(message, 200, undefined, { toTag: 'x' }));
  }
  assert.deepEqual(fields(parseMessage(serialize(message))), fields(message));
}

/** What a message says, whatever was parsed of it so far. */
function fields(message: SipMessage): unknown {
  const { headers, ...rest } = message;
  return { ...rest, headers: [...headers].filter(([name]) => !/^(l|content-length)$/i.test(name)) };
}

describe('properties of reading and writing', () => {
  it('what is written reads back the same, to the header order and the last byte', () => {
    fc.assert(
      fc.property(MESSAGE, (message) => {
        const data = serialize(message);
        const read = parseMessage(data);
        assert.deepEqual(fields(read), fields(message));
        assert.deepEqual(serialize(read), data);
      }),
      { numRuns: 500 },
    );
  });

  it('random bytes are refused as SIP, never otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => readWholly(Buffer.from(bytes))),
      { numRuns: 500 },
    );
  });

  it('torture messages with bytes changed, dropped, doubled and swapped are read or refused as SIP', () => {
    const names = tortureNames();
    const edit = fc.record({
      at: fc.nat(4_000),
      remove: fc.nat(6),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
        fc
          .constantFrom(...'\r\n|\r\n |,|;|"|<|>|\\|%|\0|:|@|=|(|)|*|//|\r|\n'.split('|'))
          .map((text) => Buffer.from(text)),
      ),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        (name, edits) => {
          let data = tortureMessage(name);
          for (const { at, remove, insert } of edits) {
            const start = at % (data.length + 1);
            data = Buffer.concat([data.subarray(0, start), insert, data.subarray(start + remove)]);
          }
          readWholly(data);
        },
      ),
      { numRuns: 4_000 },
    );
  });

  it('a stream of anything ends in messages, pings or one refusal, and holds no more than a message', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...tortureNames()).map(tortureMessage),
      fc.constant(Buffer.from('\r\n\r\n')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.integer({ min: 1, max: 700 }), (pieces, size) => {
        const stream = Buffer.concat(pieces);
        const framer = new StreamFramer();
        let refusals = 0;
        for (let i = 0; i < stream.length; i += size) {
          framer.push(stream.subarray(i, i + size));
          for (let frame = framer.next(); frame.kind !== 'more'; frame = framer.next()) {
            if (frame.kind === 'message') readWholly(frame.data);
            if (frame.kind === 'malformed' || frame.kind === 'too-large') refusals++;
          }
        }
        assert.ok(refusals <= 1);
      }),
      { numRuns: 500 },
    );
  });

  it('a URI, address or Via that is read is written so that it reads the same', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'sip:@[];?=&%41,<>"\\ /.+*#aZ09:'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(text, (tail) => {
        for (const candidate of [`sip:${tail}`, tail]) {
          try {
            const uri = parseUri(candidate);
            assert.deepEqual(parseUri(uriToString(uri)), uri);
          } catch (error) {
            assert.ok(error instanceof SipParseError, String(error));
          }
        }
        for (const parse of [parseAddress, parseVia]) {
          try {
            parse(tail);
          } catch (error) {
            assert.ok(error instanceof SipParseError, String(error));
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('no text in any place of a message gets a line of its own', () => {
    const hostile = fc.string({ unit: fc.constantFrom('\r', '\n', '\0', ' ', 'a', ':', '\u2028', '\u0085') });
    fc.assert(
      fc.property(hostile, fc.constantFrom('method', 'uri', 'name', 'value', 'reason'), (text, place) => {
        const put = (at: string, otherwise: string): string => (at === place ? otherwise + text : otherwise);
        const headers = new Headers([[put('name', 'X-A'), put('value', 'b')]]);
        const message: SipMessage =
          place === 'reason'
            ? { kind: 'response', status: 200, reason: `OK${text}`, headers, body: Buffer.alloc(0) }
            : createRequest(put('method', 'INFO'), put('uri', 'sip:h'), headers);
        try {
          const lines = serialize(message)
            .toString('latin1')
            .split(/[\r\n]+/);
          assert.equal(lines.length, 4, 'start line, X-A, Content-Length, end');
        } catch (error) {
          assert.ok(error instanceof SipSerializeError, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('work is linear in the size of a message', () => {
  const start =
    'INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n';
  /** Texts that make careless parsers slow, each repeated to near the limits. */
  const hostile: readonly (readonly [string, string])[] = [
    ['folds', `Subject: a${'\r\n a'.repeat(2_000)}`],
    ['blank folds', `Subject: a${'\r\n '.repeat(15_000)}`],
    ['colons missing', `${'x'.repeat(100)}\r\n`.repeat(400)],
    ['line feeds', `Subject: ${'\n'.repeat(8_000)}`],
    ['spaces', `Contact: <sip:a@h>${' '.repeat(8_000)}x`],
    ['quotes', `Contact: ${'"'.repeat(8_001)}`],
    ['escapes', `Contact: "${'\\"'.repeat(4_000)}`],
    ['commas', `Route: ${','.repeat(8_000)}`],
    ['open brackets', `Route: ${'<,'.repeat(4_000)}`],
    ['parentheses', `Route: ${' (,'.repeat(2_500)}`],
    ['parameters', `Contact: <sip:a@h>${';a=b'.repeat(2_000)}`],
    ['percent signs', `Contact: <sip:${'%41'.repeat(2_700)}@h>`],
    ['many headers', 'a: b\r\n'.repeat(8_000)],
    ['many Contacts', `m: ${'<sip:a@h>,'.repeat(255)}<sip:a@h>`],
  ];

  it('no hostile text costs more than many times an honest one of its size', () => {
    const time = (data: Buffer): bigint => {
      let best = 2n ** 62n;
      for (let round = 0; round < 5; round++) {
        const before = process.hrtime.bigint();
        readWholly(data);
        const taken = process.hrtime.bigint() - before;
        if (taken < best) best = taken;
      }
      return best;
    };
    const honest = Buffer.from(`${start}${`X-Honest: ${'some words, '.repeat(15)}\r\n`.repeat(200)}\r\n`);
    readWholly(honest);
    for (const [name, text] of hostile) {
      const data = Buffer.from(`${start}${text}\r\n\r\n`);
      // What is slow is so each time; a processor that is slow for a while is not.
      const tries: string[] = [];
      let fast = false;
      for (let again = 0; again < 5 && !fast; again++) {
        const yardstick = time(honest);
        const taken = time(data);
        fast = taken < yardstick * 60n;
        tries.push(`${taken} ns, honest ${yardstick} ns`);
      }
      assert.ok(fast, `${name}: ${tries.join('; ')}`);
    }
  });
});
