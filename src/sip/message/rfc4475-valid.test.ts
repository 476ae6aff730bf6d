import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tortureMessage } from '../../../test/data/rfc4475/read.ts';
import {
  callId,
  contact,
  contacts,
  contentLength,
  contentType,
  cseq,
  from,
  maxForwards,
  routes,
  to,
  via,
} from './accessors.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { parseMessage } from './parser.ts';
import { serialize } from './serialize.ts';
import { StreamFramer } from './stream-framer.ts';
import { parseUri, unescapeUri, uriEquals } from './uri.ts';
import { checkRequest } from './validate.ts';
import type { SipCapabilities } from './validate.ts';
import { parseVia } from './via.ts';

const VALID = [
  'wsinv',
  'intmeth',
  'esc01',
  'escnull',
  'esc02',
  'lwsdisp',
  'longreq',
  'dblreq',
  'semiuri',
  'transports',
  'mpart01',
  'unreason',
  'noreason',
];

/** A user agent that takes all the methods of the valid messages that are no inventions. */
const CAPABILITIES: SipCapabilities = {
  methods: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'MESSAGE'],
  extensions: [],
  schemes: ['sip'],
  contentTypes: ['application/sdp', 'multipart/mixed'],
};

function request(name: string): SipRequest {
  const message = parseMessage(tortureMessage(name));
  assert.equal(message.kind, 'request');
  return message as SipRequest;
}

function response(name: string): SipResponse {
  const message = parseMessage(tortureMessage(name));
  assert.equal(message.kind, 'response');
  return message as SipResponse;
}

describe('RFC 4475 3.1.1, valid messages', () => {
  it('wsinv: folding, white space, quotes and leading zeros are all read through', () => {
    const invite = request('wsinv');
    assert.equal(invite.method, 'INVITE');
    assert.equal(invite.uri, 'sip:vivekg@chair-dnrc.example.com;unknownparam');
    assert.equal(parseUri(invite.uri).params.has('unknownparam'), true);
    assert.equal(to(invite).uriText, 'sip:vivekg@chair-dnrc.example.com');
    assert.equal(to(invite).tag, '1918181833n');
    assert.equal(from(invite).displayName, 'J Rosenberg \\"');
    assert.equal(from(invite).uriText, 'sip:jdrosen@example.com');
    assert.equal(from(invite).tag, '98asjd8');
    assert.equal(maxForwards(invite), 68);
    assert.equal(callId(invite), 'wsinv.ndaksdj@192.0.2.1');
    assert.deepEqual(cseq(invite), { number: 9, method: 'INVITE' });
    assert.equal(invite.headers.get('Subject'), '');
    assert.equal(invite.headers.get('NewFangledHeader'), 'newfangled value continued newfangled value');
    assert.equal(invite.headers.get('UnknownHeaderWithUnusualValue'), ';;,,;;,;');
    assert.deepEqual(
      invite.headers.getAll('Via').map((value) => {
        const { protocol, transport, host, branch } = parseVia(value);
        return [protocol, transport, host, branch];
      }),
      [
        ['SIP/2.0', 'UDP', '192.0.2.2', '390skdjuw'],
        ['SIP/2.0', 'TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
        ['SIP/2.0', 'UDP', '192.168.255.111', 'z9hG4bK30239'],
      ],
    );
    const [route] = routes(invite);
    assert.equal(route?.uri.host, 'services.example.com');
    assert.deepEqual(
      [...route.uri.params],
      [
        ['lr', undefined],
        ['unknownwith', 'value'],
        ['unknown-no-value', undefined],
      ],
    );
    assert.equal(contact(invite)?.displayName, 'Quoted string ""');
    assert.deepEqual(
      [...(contact(invite)?.params ?? [])],
      [
        ['newparam', 'newvalue'],
        ['secondparam', undefined],
        ['q', '0.33'],
      ],
    );
    assert.equal(contentLength(invite), 150);
    assert.equal(invite.body.length, 150);
    assert.equal(invite.body.toString().endsWith('a=rtpmap:31 LPC\r\n'), true);
  });

  it('intmeth: the whole range of characters of each element is kept', () => {
    const message = request('intmeth');
    assert.equal(message.method, "!interesting-Method0123456789_*+`.%indeed'~");
    assert.equal(cseq(message).method, message.method);
    assert.equal(cseq(message).number, 139122385);
    const uri = parseUri(message.uri);
    assert.equal(uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert.equal(uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    assert.equal(uri.host, 'example.com');
    assert.equal(via(message).branch, "z9hG4bK-.!%66*_+`'~");
    assert.equal(to(message).displayName, 'BEL:\x07 NUL:\0 DEL:\x7f');
    assert.equal(to(message).uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert.equal(from(message).displayName, "token1~` token2'+_ token3*%!.-");
    assert.equal(from(message).params.get("fromparam''~+*_!.-%"), 'работающий');
    assert.equal(from(message).tag, "_token~1'+`*%!-.");
    assert.equal(callId(message), 'intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    assert.equal(maxForwards(message), 255);
    assert.equal(message.headers.get("extensionHeader-!.%*+_`'~"), '\ufeff大停電');
    assert.equal(checkRequest(message, CAPABILITIES)?.status, 501);
  });

  it('esc01: escapes count as the characters they stand for', () => {
    const invite = request('esc01');
    const uri = parseUri(invite.uri);
    assert.equal(unescapeUri(uri.user ?? ''), 'sips:user@example.com');
    assert.equal(uri.scheme, 'sip');
    assert.equal(uri.host, 'example.net');
    assert.equal(uriEquals(to(invite).uri, parseUri('sip:user@example.com')), true);
    assert.equal(unescapeUri(from(invite).uri.user ?? ''), 'I have spaces');
    const uriOfContact = contact(invite)?.uri;
    assert.equal(uriOfContact?.user, 'caller');
    assert.equal(uriOfContact.params.has('lr'), true);
    assert.equal(unescapeUri(uriOfContact.params.get('name') ?? ''), 'value%41');
  });

  it('escnull: escaped NULs in a user are part of it and end nothing', () => {
    const register = request('escnull');
    assert.equal(unescapeUri(to(register).uri.user ?? ''), 'null-\0-null');
    assert.equal(unescapeUri(from(register).uri.user ?? ''), 'null-\0-null');
    const [one, two] = contacts(register);
    assert.ok(typeof one === 'object' && typeof two === 'object');
    assert.equal(uriEquals(one.uri, two.uri), false);
    assert.equal(checkRequest(register, CAPABILITIES), undefined);
  });

  it('esc02: a percent sign means nothing in methods, header names, display names and branches', () => {
    const message = request('esc02');
    assert.equal(message.method, 'RE%47IST%45R');
    assert.equal(checkRequest(message, CAPABILITIES)?.status, 501);
    assert.equal(to(message).displayName, '%Z%45');
    assert.equal(from(message).displayName, '%Z%45');
    assert.equal(via(message).branch, 'z9hG4bK209%fzsnel234');
    const hosts = message.headers.getAll('Contact');
    assert.deepEqual(hosts, ['<sip:alias1@host1.example.com>', '<sip:alias3@host3.example.com>']);
    assert.equal(message.headers.get('C%6Fntact'), '<sip:alias2@host2.example.com>');
  });

  it('lwsdisp: no space is needed between a display name and "<"', () => {
    const options = request('lwsdisp');
    assert.equal(from(options).displayName, 'caller');
    assert.equal(from(options).uriText, 'sip:caller@example.com');
    assert.equal(from(options).tag, '323');
  });

  it('longreq: long values and 34 Vias are within the limits', () => {
    const invite = request('longreq');
    assert.equal(to(invite).displayName, `I have a user name of ${'extreme'.repeat(10)} proportion`);
    assert.equal(to(invite).uri.port, 6000);
    assert.equal(to(invite).uri.params.get('unknownparam1'), `very${'long'.repeat(20)}value`);
    assert.equal(to(invite).uri.params.get(`longparam${'name'.repeat(25)}`), 'shortvalue');
    assert.equal(from(invite).uri.user, 'amazinglylongcallername'.repeat(5));
    assert.equal(from(invite).tag, `12${'982'.repeat(50)}424`);
    assert.equal(callId(invite), `longreq.one${'really'.repeat(20)}longcallid`);
    const vias = invite.headers.getAll('v').map(parseVia);
    assert.equal(vias.length, 34);
    assert.equal(vias[0]?.host, 'sip33.example.com');
    assert.equal(vias[33]?.host, 'host.example.com');
    assert.equal(vias[33]?.received, '192.0.2.5');
    assert.equal(vias[33]?.branch, `very${'long'.repeat(50)}branchvalue`);
    assert.equal(invite.body.length, 150);
    assert.equal(checkRequest(invite, CAPABILITIES), undefined);
  });

  it('dblreq: bytes behind the body of a datagram are dropped; a stream holds a second request', () => {
    const register = request('dblreq');
    assert.equal(register.method, 'REGISTER');
    assert.equal(register.body.length, 0);
    const framer = new StreamFramer();
    framer.push(tortureMessage('dblreq'));
    const first = framer.next();
    assert.equal(first.kind, 'message');
    assert.equal(framer.next().kind, 'pong');
    const second = framer.next();
    assert.ok(second.kind === 'message');
    const invite = parseMessage(second.data);
    assert.equal(invite.kind === 'request' && invite.method, 'INVITE');
    assert.equal(invite.body.length, 150);
  });

  it('semiuri: a semicolon before the "@" belongs to the user', () => {
    const options = request('semiuri');
    const uri = parseUri(options.uri);
    assert.equal(unescapeUri(uri.user ?? ''), 'user;par=u@example.net');
    assert.equal(uri.host, 'example.com');
    assert.equal(uri.params.size, 0);
    assert.deepEqual(options.headers.getAll('Accept'), [
      'application/sdp',
      'application/pkcs7-mime',
      'multipart/mixed',
      'multipart/signed',
      'message/sip',
      'message/sipfrag',
    ]);
  });

  it('transports: unknown transports in Via are read like known ones', () => {
    const options = request('transports');
    assert.deepEqual(
      options.headers.getAll('Via').map((value) => parseVia(value).transport),
      ['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP'],
    );
  });

  it('mpart01: a binary body is kept to the byte', () => {
    const message = request('mpart01');
    assert.equal(message.body.length, 553);
    assert.equal(message.body.includes(0), true);
    assert.equal(contentType(message)?.type, 'multipart/mixed');
    assert.equal(contentType(message)?.params.get('boundary'), '7a9cbec02ceef655');
    assert.equal(message.headers.get('Date'), 'Sat, 15 Oct 2005 04:44:56 GMT');
    assert.equal(checkRequest(message, CAPABILITIES), undefined);
    assert.deepEqual(parseMessage(serialize(message)).body, message.body);
  });

  it('unreason: a reason phrase may be any UTF-8 text', () => {
    const ok = response('unreason');
    assert.equal(ok.status, 200);
    assert.equal(ok.reason, '= 2**3 * 5**2 но сто девяносто девять - простое');
  });

  it('noreason: a reason phrase may be empty', () => {
    const trying = response('noreason');
    assert.equal(trying.status, 100);
    assert.equal(trying.reason, '');
  });

  it('each survives writing and reading, and each is the same from a stream byte by byte', () => {
    for (const name of VALID) {
      const data = tortureMessage(name);
      const message = parseMessage(data);
      assert.deepEqual(parseMessage(serialize(message)), message, name);
      const framer = new StreamFramer();
      let framed: Buffer | undefined;
      for (let i = 0; i < data.length && framed === undefined; i++) {
        framer.push(data.subarray(i, i + 1));
        const frame = framer.next();
        if (frame.kind === 'message') framed = frame.data;
        else assert.equal(frame.kind, 'more', name);
      }
      assert.deepEqual(parseMessage(framed ?? Buffer.alloc(0)), message, name);
    }
  });
});
