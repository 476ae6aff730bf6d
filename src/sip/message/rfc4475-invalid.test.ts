import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tortureMessage, tortureNames } from '../../../test/data/rfc4475/read.ts';
import { callId, contact, contacts, cseq, from, maxForwards, recordRoutes, to, via } from './accessors.ts';
import { SipParseError } from './errors.ts';
import { createResponse } from './message.ts';
import type { SipRequest } from './message.ts';
import { parseMessage } from './parser.ts';
import { serialize } from './serialize.ts';
import { parseUri, unescapeUri } from './uri.ts';
import { checkRequest } from './validate.ts';
import type { Refusal, SipCapabilities } from './validate.ts';
import { hasTransactionBranch, parseVia } from './via.ts';

/** What a voice application's user agent takes. */
const CAPABILITIES: SipCapabilities = {
  methods: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO', 'UPDATE'],
  extensions: ['timer'],
  schemes: ['sip', 'tel'],
  contentTypes: ['application/sdp', 'application/dtmf-relay'],
};
const REGISTRAR: SipCapabilities = { ...CAPABILITIES, methods: ['REGISTER'] };
const ANSWERABLE = ['Via', 'From', 'To', 'Call-ID', 'CSeq'];

/** Request that the parser itself refuses; the second is the status, the third what the log says. */
const REFUSED: readonly (readonly [string, number, RegExp])[] = [
  // 3.1.2.1: the top Via is not readable; the answer echoes it and goes to the source address.
  ['badinv01', 400, /^Via/],
  // 3.1.2.2
  ['clerr', 400, /^Content-Length 9999, but 152 bytes came$/],
  // 3.1.2.3
  ['ncl', 400, /^Content-Length "-999"/],
  // 3.1.2.4: CSeq past 2^31; Max-Forwards 300 and two Expires past 2^32 would be met later.
  ['scalar02', 400, /^CSeq .* 2\^31$/],
  // 3.1.2.6
  ['quotbal', 400, /^To: quote without end$/],
  // 3.1.2.7
  ['ltgtruri', 400, /is not a URI$/],
  // 3.1.2.8
  ['lwsruri', 400, /single spaces$/],
  // 3.1.2.9
  ['lwsstart', 400, /single spaces$/],
  // 3.1.2.10
  ['trws', 400, /single spaces$/],
  // 3.1.2.11
  ['escruri', 400, /has headers$/],
  // 3.1.2.14
  ['badaspec', 400, /is not a URI$/],
  // 3.1.2.15
  ['baddn', 400, /^From: display name .* needs quotes$/],
  // 3.1.2.16
  ['badvers', 505, /^version "SIP\/7\.0"$/],
  // 3.3.8: two readers would take different ones of the doubled headers.
  ['multi01', 400, /^more than one CSeq header$/],
  // 3.3.9
  ['mcl01', 400, /^more than one Content-Length header$/],
];

/** Requests that are read, but that a user agent or registrar refuses. */
const NOT_ACCEPTED: readonly (readonly [string, SipCapabilities, Omit<Refusal, 'detail'>])[] = [
  // 3.1.2.13: "?" in an address without brackets.
  ['regbadct', REGISTRAR, { status: 400, reason: 'Bad Request', headers: [] }],
  // 3.1.2.17
  ['mismatch01', CAPABILITIES, { status: 400, reason: 'Bad Request', headers: [] }],
  // 3.1.2.18: 501 would be as right; the mismatch comes first.
  ['mismatch02', CAPABILITIES, { status: 400, reason: 'Bad Request', headers: [] }],
  // 3.3.2
  ['unkscm', CAPABILITIES, { status: 416, reason: 'Unsupported URI Scheme', headers: [] }],
  // 3.3.3
  ['novelsc', CAPABILITIES, { status: 416, reason: 'Unsupported URI Scheme', headers: [] }],
  // 3.3.5: Proxy-Require is none of a user agent's business.
  [
    'bext01',
    CAPABILITIES,
    {
      status: 420,
      reason: 'Bad Extension',
      headers: [['Unsupported', 'nothingSupportsThis, nothingSupportsThisEither']],
    },
  ],
  // 3.3.6
  [
    'invut',
    CAPABILITIES,
    {
      status: 415,
      reason: 'Unsupported Media Type',
      headers: [['Accept', 'application/sdp, application/dtmf-relay']],
    },
  ],
  // 3.3.15: the caller cannot read the answer's session description.
  ['sdp01', CAPABILITIES, { status: 406, reason: 'Not Acceptable', headers: [] }],
  // A registrar's requests at a user agent.
  [
    'cparam01',
    CAPABILITIES,
    {
      status: 405,
      reason: 'Method Not Allowed',
      headers: [['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE']],
    },
  ],
];

function refusal(name: string): SipParseError {
  try {
    parseMessage(tortureMessage(name));
  } catch (error) {
    assert.ok(error instanceof SipParseError, name);
    return error;
  }
  assert.fail(`${name} was taken`);
}

function request(name: string): SipRequest {
  const message = parseMessage(tortureMessage(name));
  assert.ok(message.kind === 'request', name);
  return message;
}

describe('RFC 4475, requests that are refused when read', () => {
  for (const [name, status, detail] of REFUSED) {
    it(`${name}: ${status}, and the answer carries what identifies the request`, () => {
      const error = refusal(name);
      assert.equal(error.status, status);
      assert.match(error.message, detail);
      assert.equal(error.kind, 'request');
      assert.ok(error.request !== undefined);
      const answer = createResponse(error.request, error.status, error.reason, { toTag: 'us' });
      const text = serialize(answer).toString();
      assert.match(text, new RegExp(`^SIP/2\\.0 ${status} `));
      assert.deepEqual(
        [...answer.headers].map(([header]) => header),
        ANSWERABLE,
      );
      assert.equal(answer.headers.get('Call-ID')?.startsWith(`${name}.`), true);
    });
  }

  it('insuf: 400, and the answer leaves out the headers that were missing (3.3.1)', () => {
    const error = refusal('insuf');
    assert.equal(error.status, 400);
    assert.equal(error.message, 'no From header');
    const answer = createResponse(error.request!, error.status, error.reason);
    assert.deepEqual(
      [...answer.headers],
      [
        ['Via', 'SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf'],
        ['CSeq', '193942 INVITE'],
      ],
    );
  });
});

describe('RFC 4475, requests that are read and then not accepted', () => {
  for (const [name, capabilities, expected] of NOT_ACCEPTED) {
    it(`${name}: ${expected.status}`, () => {
      const { detail, ...answer } =
        checkRequest(request(name), capabilities) ?? assert.fail(`${name} passed`);
      assert.deepEqual(answer, expected);
      assert.notEqual(detail, '');
    });
  }
});

describe('RFC 4475, responses to be dropped', () => {
  it('scalarlg: a CSeq past 2^31 makes the response unreadable (3.1.2.5)', () => {
    const error = refusal('scalarlg');
    assert.equal(error.kind, 'response');
    assert.equal(error.request, undefined);
  });

  it('bigcode: a status of more than three digits is not taken modulo anything (3.1.2.19)', () => {
    const error = refusal('bigcode');
    assert.equal(error.kind, 'response');
    assert.equal(error.request, undefined);
    assert.match(error.message, /^status line .* is malformed$/);
  });

  it('bcast: a response with a second Via shows both, for the user agent to see that it is not its own (3.3.10)', () => {
    const ok = parseMessage(tortureMessage('bcast'));
    assert.ok(ok.kind === 'response');
    assert.deepEqual(
      ok.headers.getAll('Via').map((value) => parseVia(value).host),
      ['192.0.2.198', '255.255.255.255'],
    );
  });
});

describe('RFC 4475, messages that are strange but are taken', () => {
  it('baddate: a Date that nobody needs is carried as it came, comma and all (3.1.2.12)', () => {
    const invite = request('baddate');
    assert.deepEqual(invite.headers.getAll('Date'), ['Fri, 01 Jan 2010 16:00:00 EST']);
    assert.equal(checkRequest(invite, CAPABILITIES), undefined);
  });

  it('badbranch: a bare magic cookie does not identify a transaction (3.2.1)', () => {
    const options = request('badbranch');
    assert.equal(via(options).branch, 'z9hG4bK');
    assert.equal(hasTransactionBranch(via(options)), false);
    assert.equal(hasTransactionBranch(via(request('zeromf'))), true);
    assert.equal(checkRequest(options, CAPABILITIES), undefined);
  });

  it('unksm2: addresses of unknown schemes are kept opaque (3.3.4)', () => {
    const register = request('unksm2');
    assert.deepEqual([to(register).uri.scheme, to(register).uri.opaque], ['isbn', '2983792873']);
    assert.equal(from(register).uriText, 'http://www.example.com');
    assert.equal(from(register).tag, '3234233');
    assert.equal(contact(register)?.uri.opaque, 'John_Smith');
    assert.equal(checkRequest(register, REGISTRAR), undefined);
  });

  it('regaut01: credentials of an unknown scheme are kept whole (3.3.7)', () => {
    const register = request('regaut01');
    assert.deepEqual(register.headers.getAll('Authorization'), ['NoOneKnowsThisScheme opaque-data=here']);
    assert.equal(checkRequest(register, REGISTRAR), undefined);
  });

  it('zeromf: a user agent server takes a request that has no hops left (3.3.11)', () => {
    const options = request('zeromf');
    assert.equal(maxForwards(options), 0);
    assert.equal(checkRequest(options, CAPABILITIES), undefined);
  });

  it('cparam01: without brackets a parameter is the header’s (3.3.12)', () => {
    const bound = contact(request('cparam01'));
    assert.equal(bound?.params.has('unknownparam'), true);
    assert.equal(bound.uriText, 'sip:+19725552222@gw1.example.net');
  });

  it('cparam02: within brackets a parameter is the URI’s (3.3.13)', () => {
    const bound = contact(request('cparam02'));
    assert.equal(bound?.params.size, 0);
    assert.equal(bound.uri.params.has('unknownparam'), true);
  });

  it('regescrt: escaped headers of a Contact URI are kept with it (3.3.14)', () => {
    const register = request('regescrt');
    const [bound] = contacts(register);
    assert.ok(typeof bound === 'object');
    assert.equal(bound.uri.headers.length, 1);
    assert.equal(bound.uri.headers[0]?.name, 'Route');
    assert.equal(unescapeUri(bound.uri.headers[0]?.value ?? ''), '<sip:sip.example.com>');
    assert.equal(bound.uriText, 'sip:user@example.com?Route=%3Csip:sip.example.com%3E');
    assert.equal(checkRequest(register, REGISTRAR), undefined);
  });

  it('inv2543: a request of RFC 2543 is taken without branch, tags, Max-Forwards and Content-Length (3.4.1)', () => {
    const invite = request('inv2543');
    assert.equal(via(invite).branch, undefined);
    assert.equal(hasTransactionBranch(via(invite)), false);
    assert.equal(from(invite).tag, undefined);
    assert.equal(from(invite).uri.params.get('user'), 'phone');
    assert.equal(to(invite).params.get('user'), 'phone');
    assert.equal(to(invite).uriText, 'sip:+16505552222@ss1.example.net');
    assert.equal(recordRoutes(invite)[0]?.uri.params.get('maddr'), 'ss1.example.com');
    assert.equal(maxForwards(invite), undefined);
    assert.equal(contact(invite), undefined);
    assert.equal(callId(invite), 'inv2543.1717@ift.client.example.com');
    assert.equal(cseq(invite).number, 56);
    assert.equal(invite.body.length, 105);
    assert.equal(checkRequest(invite, CAPABILITIES), undefined);
  });

  it('novelsc: a scheme with a dot is one', () => {
    assert.equal(parseUri(request('novelsc').uri).scheme, 'soap.beep');
  });
});

describe('RFC 4475, all messages', () => {
  it('are 49', () => {
    assert.equal(tortureNames().length, 49);
  });

  it('are read or refused, cut off at any byte', () => {
    for (const name of tortureNames()) {
      const data = tortureMessage(name);
      for (let length = 0; length < data.length; length++) {
        try {
          parseMessage(data.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof SipParseError, `${name} cut to ${length}: ${String(error)}`);
        }
      }
    }
  });
});
