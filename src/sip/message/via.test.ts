import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SipParseError } from './errors.ts';
import { hasTransactionBranch, parseVia, viaToString, viaWithSource } from './via.ts';

describe('parseVia', () => {
  it('reads the examples of RFC 3261 20.42', () => {
    const first = parseVia('SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7');
    assert.deepEqual(
      [first.protocol, first.transport, first.host, first.port, first.branch],
      ['SIP/2.0', 'UDP', 'erlang.bell-telephone.com', 5060, 'z9hG4bK87asdks7'],
    );
    const second = parseVia('SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207;branch=z9hG4bK77asjd');
    assert.equal(second.received, '192.0.2.207');
    assert.equal(second.branch, 'z9hG4bK77asjd');
    const third = parseVia(
      'SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1',
    );
    assert.deepEqual([third.host, third.port], ['first.example.com', 4000]);
    assert.equal(third.params.get('maddr'), '224.2.0.1');
    assert.equal(third.params.get('ttl'), '16');
  });

  it('reads IPv6 in sent-by, and in received with and without brackets (RFC 5118 4.5)', () => {
    const via = parseVia('SIP/2.0/udp [2001:db8::9:1]:5062;received=[2001:db8::9:255];branch=z9hG4bKas3');
    assert.deepEqual([via.transport, via.host, via.port], ['UDP', '2001:db8::9:1', 5062]);
    assert.equal(via.received, '2001:db8::9:255');
    assert.equal(parseVia('SIP/2.0/UDP [::1];received=2001:db8::9:255').received, '2001:db8::9:255');
  });

  it('tells rport without a value, with one, and absent (RFC 3581)', () => {
    const asked = parseVia('SIP/2.0/UDP h;rport;branch=z9hG4bK1');
    assert.deepEqual([asked.rport, asked.rportRequested], [undefined, true]);
    assert.equal(parseVia('SIP/2.0/UDP h;rport=;branch=z9hG4bK1').rportRequested, true);
    const given = parseVia('SIP/2.0/UDP h;rport=9988');
    assert.deepEqual([given.rport, given.rportRequested], [9988, false]);
    assert.equal(parseVia('SIP/2.0/UDP h').rportRequested, false);
  });

  it('refuses what has no place to answer to', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /no protocol/],
      ['SIP/2.0', /no protocol/],
      ['SIP/2.0/ h', /bad protocol|bad host/],
      ['SIP//UDP h', /bad protocol/],
      ['SIP/2.0/UDP', /bad host/],
      ['SIP/2.0/UDP ;branch=x', /bad host/],
      ['SIP/2.0/UDP a b', /bad host/],
      ['SIP/2.0/UDP h:99999', /bad port/],
      ['SIP/2.0/UDP h;rport=99999', /bad rport/],
      ['SIP/2.0/UDP h;rport=x', /bad rport/],
      ['SIP/2.0/UDP h;;branch=x', /where a parameter should be/],
    ];
    for (const [text, message] of cases) {
      assert.throws(
        () => parseVia(text),
        (error) => error instanceof SipParseError && error.status === 400 && message.test(error.message),
        text,
      );
    }
  });
});

describe('viaWithSource', () => {
  it('adds received when the source is not sent-by (RFC 3261 18.2.1)', () => {
    const via = parseVia('SIP/2.0/UDP bobspc.biloxi.com:5060;branch=z9hG4bK1');
    assert.equal(
      viaToString(viaWithSource(via, '192.0.2.4', 5071)),
      'SIP/2.0/UDP bobspc.biloxi.com:5060;branch=z9hG4bK1;received=192.0.2.4',
    );
  });

  it('adds nothing when the source is sent-by and no port was asked for', () => {
    const text = 'SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1';
    assert.equal(viaToString(viaWithSource(parseVia(text), '192.0.2.4', 5071)), text);
  });

  it('fills rport in, and then always adds received (RFC 3581 4)', () => {
    const via = viaWithSource(
      parseVia('SIP/2.0/UDP 192.0.2.4:5060;rport;branch=z9hG4bK1'),
      '192.0.2.4',
      5071,
    );
    assert.equal(
      viaToString(via),
      'SIP/2.0/UDP 192.0.2.4:5060;rport=5071;branch=z9hG4bK1;received=192.0.2.4',
    );
    assert.deepEqual([via.rport, via.received, via.rportRequested], [5071, '192.0.2.4', false]);
  });

  it('writes over a received that the sender made up', () => {
    const via = viaWithSource(
      parseVia('SIP/2.0/UDP h;received=203.0.113.9;branch=z9hG4bK1'),
      '192.0.2.4',
      5060,
    );
    assert.equal(via.received, '192.0.2.4');
  });

  it('takes away a received that the sender made up though it sends from where it says', () => {
    const via = viaWithSource(parseVia('SIP/2.0/UDP 192.0.2.4;received=203.0.113.9'), '192.0.2.4', 5060);
    assert.equal(viaToString(via), 'SIP/2.0/UDP 192.0.2.4');
    assert.equal(via.received, undefined);
  });
});

describe('hasTransactionBranch', () => {
  it('wants the magic cookie, in any case, and something behind it', () => {
    const branch = (value: string) => hasTransactionBranch(parseVia(`SIP/2.0/UDP h;branch=${value}`));
    assert.equal(branch('z9hG4bK1'), true);
    assert.equal(branch('Z9HG4BK1'), true);
    assert.equal(branch('z9hG4bK'), false);
    assert.equal(branch('390skdjuw'), false);
    assert.equal(hasTransactionBranch(parseVia('SIP/2.0/UDP h')), false);
  });
});
