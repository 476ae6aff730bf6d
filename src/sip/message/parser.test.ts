import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  allow,
  contact,
  contacts,
  expires,
  from,
  minSE,
  reasons,
  referTo,
  requiredExtensions,
  retryAfter,
  sessionExpires,
  supportedExtensions,
  via,
} from './accessors.ts';
import { SipParseError } from './errors.ts';
import { SIP_LIMITS } from './limits.ts';
import { createResponse } from './message.ts';
import { isKeepAlive, parseMessage } from './parser.ts';
import { serialize } from './serialize.ts';

const HEADERS = [
  'Via: SIP/2.0/UDP h.example.com;branch=z9hG4bK1',
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>',
  'Call-ID: c1@h',
  'CSeq: 1 OPTIONS',
];

function bytes(startLine: string, headers: readonly string[] = HEADERS, body = ''): Buffer {
  return Buffer.from(`${[startLine, ...headers].join('\r\n')}\r\n\r\n${body}`);
}

function options(...extra: readonly string[]): Buffer {
  return bytes('OPTIONS sip:b@example.com SIP/2.0', [...HEADERS, ...extra]);
}

function refused(data: Buffer, status: number, message: RegExp): SipParseError {
  try {
    parseMessage(data);
  } catch (error) {
    assert.ok(error instanceof SipParseError);
    assert.match(error.message, message);
    assert.equal(error.status, status);
    return error;
  }
  assert.fail(`taken, though ${message}`);
}

describe('parseMessage, start line', () => {
  it('takes the version in any case, as RFC 3261 7.1 wants', () => {
    assert.equal(parseMessage(bytes('OPTIONS sip:b@example.com sip/2.0')).kind, 'request');
    assert.equal(parseMessage(bytes('sIp/2.0 200 OK')).kind, 'response');
  });

  it('keeps the case of the method', () => {
    const message = parseMessage(bytes('options sip:b@example.com SIP/2.0'));
    assert.equal(message.kind === 'request' && message.method, 'options');
  });

  it('takes a status line that ends behind the code', () => {
    const message = parseMessage(bytes('SIP/2.0 486'));
    assert.deepEqual(message.kind === 'response' && [message.status, message.reason], [486, '']);
  });

  it('refuses other versions with 505, and drops responses of them', () => {
    assert.ok(refused(bytes('OPTIONS sip:b@example.com SIP/3.0'), 505, /version/).request);
    const error = refused(bytes('SIP/3.0 200 OK'), 505, /version/);
    assert.deepEqual([error.kind, error.request], ['response', undefined]);
  });

  it('refuses lines that are none', () => {
    for (const line of [
      'OPTIONS',
      'OPTIONS sip:b@example.com',
      'OPTIONS sip:b@example.com HTTP/1.1',
      'OPTIONS sip:b@example.com SIP/2',
      'OPTIONS sip:b@example.com \u017fip/2.0',
      'OPT@ONS sip:b@example.com SIP/2.0',
      ' OPTIONS sip:b@example.com SIP/2.0',
      'OPTIONS\tsip:b@example.com\tSIP/2.0',
      'OPTIONS b@example.com SIP/2.0',
      'GET / HTTP/1.1',
      'SIP/2.0 99 Low',
      'SIP/2.0 099 Low',
      'SIP/2.0 700 High',
      'SIP/2.0 2x0 OK',
      'SIP/2.0  200 OK',
      'SIP/2.0 200OK',
      'OPTIONS sip:b@example.com SIP/2.0\n',
      'OPTIONS sip:b\0@example.com SIP/2.0',
      'OPTIONS sip:b@example.com SIP/2.0\rVia: x',
    ]) {
      refused(bytes(line), 400, /./);
    }
  });

  it('answers no ACK', () => {
    assert.equal(
      refused(bytes('ACK sip:b@example.com;; SIP/2.0'), 400, /empty parameter/).request,
      undefined,
    );
  });
});

describe('parseMessage, header fields', () => {
  it('reads folded lines as one, with one space', () => {
    const message = parseMessage(options('Subject: a\r\n \t b\r\n\tc  ', 'X-Empty:\r\n ', 'X-Late:\r\n d'));
    assert.equal(message.headers.get('Subject'), 'a b c');
    assert.equal(parseMessage(options('Subject: a\r\n \r\n b')).headers.get('Subject'), 'a b');
    assert.equal(message.headers.get('X-Empty'), '');
    assert.equal(message.headers.get('X-Late'), 'd');
  });

  it('takes white space before the colon, and none behind it', () => {
    const message = parseMessage(options('Subject \t:x', 'X:y'));
    assert.equal(message.headers.get('Subject'), 'x');
    assert.deepEqual([...message.headers].at(-1), ['X', 'y']);
  });

  it('skips line ends before the message', () => {
    const message = parseMessage(Buffer.concat([Buffer.from('\r\n\n\r\n'), options()]));
    assert.equal(message.headers.size, HEADERS.length);
  });

  it('refuses lines that are no header field', () => {
    const start = 'OPTIONS sip:b@example.com SIP/2.0';
    refused(bytes(start, [...HEADERS, 'nothing here']), 400, /no colon/);
    refused(bytes(start, [...HEADERS, ': x']), 400, /no header name/);
    refused(bytes(start, [...HEADERS, 'a b: x']), 400, /no header name/);
    refused(bytes(start, [...HEADERS, 'Ä: x']), 400, /no header name/);
    refused(bytes(start, [' Subject: x', ...HEADERS]), 400, /folded/);
    refused(bytes(start, [`${'x'.repeat(SIP_LIMITS.headerNameLength + 1)}: x`, ...HEADERS]), 400, /name/);
  });

  it('refuses line ends and NUL within a value', () => {
    refused(options('Subject: a\nVia: evil'), 400, /CR or LF/);
    refused(options('Subject: a\rVia: evil'), 400, /CR or LF/);
    refused(options('Subject: a\n b'), 400, /CR or LF/);
    refused(options('Subject: a\r\r\n b'), 400, /CR or LF/);
    refused(options('Subject: a\0b'), 400, /NUL/);
    refused(options('Subject: "a\0b"'), 400, /NUL/);
    refused(options('Subject: "a" \\\0'), 400, /NUL/);
    refused(options('Subject: "\\a\0"'), 400, /NUL/);
    assert.equal(parseMessage(options('Subject: "a\\\0b"')).headers.get('Subject'), '"a\\\0b"');
  });

  it('wants Via, From, To, Call-ID and CSeq, and all of them readable', () => {
    const start = 'OPTIONS sip:b@example.com SIP/2.0';
    for (const [i, line] of HEADERS.entries()) {
      const name = line.slice(0, line.indexOf(':'));
      refused(bytes(start, HEADERS.toSpliced(i, 1)), 400, new RegExp(`^no ${name} header$`));
      refused(bytes(start, HEADERS.toSpliced(i, 1, `${name}: "x y`)), 400, new RegExp(`^${name}`));
      refused(bytes(start, HEADERS.toSpliced(i, 1, `${name}:`)), 400, /./);
    }
  });

  it('refuses a second one of what may be there once, compact forms included', () => {
    for (const line of [
      'f: <sip:x@h>',
      't: <sip:x@h>',
      'i: x',
      'CSEQ: 1 OPTIONS',
      'max-forwards: 1\r\nMax-Forwards: 1',
      'l: 0\r\nContent-Length: 0',
      'c: a/b\r\nContent-Type: a/b',
    ]) {
      refused(options(line), 400, /^more than one/);
    }
  });

  it('reads what is not UTF-8 as Latin-1, and writes it as UTF-8', () => {
    const data = Buffer.concat([
      Buffer.from('OPTIONS sip:b@example.com SIP/2.0\r\nSubject: B'),
      Buffer.from([0xfc]),
      Buffer.from(`ro\r\n${HEADERS.join('\r\n')}\r\n\r\n`),
    ]);
    const message = parseMessage(data);
    assert.equal(message.headers.get('Subject'), 'Büro');
    assert.equal(parseMessage(serialize(message)).headers.get('Subject'), 'Büro');
  });
});

describe('parseMessage, body', () => {
  const start = 'OPTIONS sip:b@example.com SIP/2.0';

  it('is cut to Content-Length, and is the rest without it', () => {
    assert.equal(parseMessage(bytes(start, [...HEADERS, 'l: 3'], 'abcdef')).body.toString(), 'abc');
    assert.equal(parseMessage(bytes(start, HEADERS, 'abcdef')).body.toString(), 'abcdef');
    assert.equal(parseMessage(bytes(start, [...HEADERS, 'l: 0'], 'abcdef')).body.length, 0);
  });

  it('refuses one that is shorter than Content-Length', () => {
    refused(bytes(start, [...HEADERS, 'l: 7'], 'abcdef'), 400, /7, but 6/);
    refused(bytes(start, [...HEADERS, `l: ${'9'.repeat(400)}`], 'abcdef'), 400, /but 6 bytes came/);
  });

  it('refuses headers without an empty line behind them, and can answer', () => {
    const error = refused(options().subarray(0, -2), 400, /no empty line/);
    assert.equal(createResponse(error.request!, 400).headers.get('Call-ID'), 'c1@h');
  });
});

describe('parseMessage, limits', () => {
  const start = 'OPTIONS sip:b@example.com SIP/2.0';

  it('takes each limit and refuses one past it', () => {
    const fill = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}: y`);
    const fields = SIP_LIMITS.headerFields - HEADERS.length;
    assert.equal(
      parseMessage(bytes(start, [...HEADERS, ...fill(fields)])).headers.size,
      SIP_LIMITS.headerFields,
    );
    assert.ok(
      refused(bytes(start, [...HEADERS, ...fill(fields + 1)]), 513, /number of header fields/).request,
    );

    const value = 'x'.repeat(SIP_LIMITS.headerValueLength);
    assert.equal(parseMessage(options(`Subject: ${value}`)).headers.get('Subject'), value);
    assert.ok(refused(options(`Subject: ${value}x`), 513, /header "Subject"/).request);

    const uri = `sip:${'u'.repeat(SIP_LIMITS.uriLength - 'sip:@h'.length)}@h`;
    assert.equal(parseMessage(bytes(`OPTIONS ${uri} SIP/2.0`)).kind, 'request');
    assert.ok(refused(bytes(`OPTIONS ${uri}h SIP/2.0`), 414, /Request-URI/).request);

    const method = 'M'.repeat(SIP_LIMITS.methodLength);
    assert.equal(parseMessage(bytes(`${method} sip:h SIP/2.0`)).kind, 'request');
    refused(bytes(`${method}M sip:h SIP/2.0`), 400, /no method/);

    const head = bytes(start).length;
    const body = 'b'.repeat(SIP_LIMITS.messageBytes - head);
    assert.equal(parseMessage(bytes(start, HEADERS, body)).body.length, body.length);
    assert.ok(refused(bytes(start, HEADERS, `${body}b`), 513, /message past/).request);

    const long = Array.from({ length: 7 }, (_, i) => `x${i}: ${'y'.repeat(8_000)}`);
    assert.ok(refused(bytes(start, [...HEADERS, ...long]), 513, /start line and headers/).request);
    refused(Buffer.from(`${start}\r\n${'x'.repeat(60_000)}`), 400, /no empty line/);
  });

  it('finds what to answer among lines that cannot be read', () => {
    const error = refused(bytes(start, ['???', ...HEADERS]), 400, /no colon/);
    assert.equal(error.request?.headers.size, 5);
  });
});

describe('isKeepAlive', () => {
  it('is line ends and nothing else', () => {
    assert.equal(isKeepAlive(Buffer.from('\r\n\r\n')), true);
    assert.equal(isKeepAlive(Buffer.alloc(0)), true);
    assert.equal(isKeepAlive(Buffer.from('\r\nx')), false);
    assert.equal(isKeepAlive(Buffer.from([0, 0, 0, 0])), false);
  });
});

describe('accessors', () => {
  it('read the headers of the extensions that we use', () => {
    const message = parseMessage(
      options(
        'Session-Expires: 1800;refresher=uac',
        'Min-SE: 90',
        'Supported: Timer, 100rel',
        'k: replaces',
        'Require: timer',
        'Allow: INVITE, ACK',
        'Allow: BYE',
        'Reason: SIP;cause=200, Q.850;cause=16',
        'Retry-After: 5',
        'Refer-To: <sip:c@h?Replaces=x>',
        'Expires: 3600',
      ),
    );
    assert.deepEqual(sessionExpires(message), { seconds: 1800, refresher: 'uac' });
    assert.equal(minSE(message), 90);
    assert.deepEqual(supportedExtensions(message), ['timer', '100rel', 'replaces']);
    assert.deepEqual(requiredExtensions(message), ['timer']);
    assert.deepEqual(allow(message), ['INVITE', 'ACK', 'BYE']);
    assert.deepEqual(
      reasons(message).map(({ cause }) => cause),
      [200, 16],
    );
    assert.equal(retryAfter(message)?.seconds, 5);
    assert.equal(referTo(message)?.uri.headers[0]?.name, 'Replaces');
    assert.equal(expires(message), 3600);
  });

  it('give undefined or nothing for what is not there', () => {
    const message = parseMessage(options());
    assert.equal(sessionExpires(message), undefined);
    assert.deepEqual(supportedExtensions(message), []);
    assert.deepEqual(contacts(message), []);
    assert.equal(contact(message), undefined);
    assert.equal(referTo(message), undefined);
  });

  it('read a Contact of "*" as that, and only alone', () => {
    const all = parseMessage(options('Contact: *'));
    assert.equal(contacts(all), '*');
    assert.equal(contact(all), undefined);
    assert.throws(() => contacts(parseMessage(options('Contact: *, <sip:a@h>'))), SipParseError);
  });

  it('give the same object until the header changes', () => {
    const message = parseMessage(options());
    assert.equal(from(message), from(message));
    const before = via(message);
    message.headers.replaceFirst('Via', 'SIP/2.0/TCP other');
    assert.notEqual(via(message), before);
    assert.equal(via(message).host, 'other');
  });

  it('throw for a malformed header each time they are asked', () => {
    const message = parseMessage(options('Session-Expires: soon'));
    for (let i = 0; i < 2; i++) assert.throws(() => sessionExpires(message), SipParseError);
  });
});
