import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isRtcp } from './packet.ts';
import { MAX_RTCP_LENGTH, ntpMiddle, parseRtcp, type RtcpReport, writeRtcp } from './rtcp.ts';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

function written(report: RtcpReport): Uint8Array {
  const target = new Uint8Array(MAX_RTCP_LENGTH).fill(0xee);
  return target.slice(0, writeRtcp(target, report));
}

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const block = fc.record(
  {
    ssrc: uint32,
    fractionLost: fc.integer({ min: 0, max: 255 }),
    cumulativeLost: fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 }),
    extendedHighest: uint32,
    jitter: uint32,
    lastSenderReport: uint32,
    delaySinceLastSenderReport: uint32,
  },
  { noNullPrototype: true },
);

describe('writeRtcp', () => {
  it('writes a sender report with block, name and BYE as in RFC 3550 6.4 to 6.6', () => {
    const report: RtcpReport = {
      ssrc: 0x11223344,
      // Half a second past the epoch: NTP 0x83aa7e80.80000000.
      sender: { wallMs: 500, timestamp: 0xa0a0a0a0, packets: 7, octets: 1120 },
      blocks: [
        {
          ssrc: 0x55667788,
          fractionLost: 64,
          cumulativeLost: -2,
          extendedHighest: 0x0001fffe,
          jitter: 9,
          lastSenderReport: 0x12345678,
          delaySinceLastSenderReport: 0x00010000,
        },
      ],
      cname: 'a@b',
      bye: true,
    };
    assert.deepEqual(
      written(report),
      bytes(`81c8000c 11223344 83aa7e80 80000000 a0a0a0a0 00000007 00000460
             55667788 40fffffe 0001fffe 00000009 12345678 00010000
             81ca0003 11223344 0103 614062 000000
             81cb0001 11223344`),
    );
  });

  it('writes a receiver report without block', () => {
    assert.deepEqual(
      written({ ssrc: 1, blocks: [], cname: 'ab' }),
      bytes('80c90001 00000001 81ca0003 00000001 0102 6162 00000000'),
    );
  });

  it('refuses names and targets that do not fit', () => {
    assert.throws(() => written({ ssrc: 1, blocks: [], cname: 'x'.repeat(256) }), RangeError);
    assert.throws(() => writeRtcp(new Uint8Array(16), { ssrc: 1, blocks: [], cname: 'x' }), RangeError);
  });

  it('is read back unchanged', () => {
    const report = fc.record({
      ssrc: uint32,
      sender: fc.option(
        fc.record(
          {
            wallMs: fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }),
            timestamp: uint32,
            packets: uint32,
            octets: uint32,
          },
          { noNullPrototype: true },
        ),
        { nil: undefined },
      ),
      blocks: fc.array(block, { maxLength: 3 }),
      cname: fc.string({ maxLength: 60, unit: 'grapheme-ascii' }),
      bye: fc.boolean(),
    });
    fc.assert(
      fc.property(report, (given) => {
        const datagram = written(given);
        assert.ok(isRtcp(datagram));
        const compound = parseRtcp(datagram);
        assert.ok(typeof compound === 'object');
        const [read] = compound.reports;
        assert.deepEqual([read!.ssrc, read!.blocks], [given.ssrc, given.blocks]);
        assert.deepEqual(compound.cnames, [{ ssrc: given.ssrc, cname: given.cname }]);
        assert.deepEqual(compound.byes, given.bye ? [given.ssrc] : []);
        if (given.sender === undefined) {
          assert.equal(read!.sender, undefined);
          return;
        }
        const { wallMs, ntpMiddle: middle, ...rest } = read!.sender!;
        assert.ok(Math.abs(wallMs - given.sender.wallMs) < 0.01);
        assert.ok(Math.abs(middle - ntpMiddle(given.sender.wallMs)) <= 1);
        assert.deepEqual({ wallMs: given.sender.wallMs, ...rest }, given.sender);
      }),
    );
  });
});

describe('parseRtcp', () => {
  const malformed: [string, string, string][] = [
    ['nothing', '', 'length'],
    ['a head alone', '80c90000', 'length'],
    ['version 1', '40c90001 00000001', 'version'],
    ['a compound that begins with BYE', '81cb0001 00000001', 'first'],
    ['a packet longer than the datagram', '80c90002 00000001', 'length'],
    ['a second packet longer than the datagram', '80c90001 00000001 81ca0001', 'length'],
    ['a block that is not there', '81c90001 00000001', 'length'],
    ['bytes behind the last packet', '80c90001 00000001 80', 'length'],
    ['a padded first packet before others', 'a0c90002 00000001 00000004 81cb0001 00000001', 'padding'],
    ['padding longer than the packet', 'a0c90001 000000ff', 'padding'],
    ['a description that ends within an item', '80c90001 00000001 81ca0002 00000001 01ff6162', 'length'],
    ['a description without an end', '80c90001 00000001 81ca0002 00000001 01026162', 'length'],
    ['a BYE without its source', '80c90001 00000001 82cb0001 00000001', 'length'],
  ];
  for (const [what, hex, error] of malformed) {
    it(`rejects ${what} as ${error}`, () => assert.equal(parseRtcp(bytes(hex)), error));
  }

  it('reads around padding and packets of other types', () => {
    const compound = parseRtcp(
      bytes('80c90001 00000001 80cd0002 00000001 00000002 a1cb0002 00000009 00000004'),
    );
    assert.deepEqual(compound, { reports: [{ ssrc: 1, blocks: [] }], cnames: [], byes: [9] });
  });

  it('never throws, whatever comes', () => {
    const packet = fc
      .tuple(
        fc.integer({ min: 0x80, max: 0xbf }),
        fc.integer({ min: 200, max: 204 }),
        fc.integer({ min: 0, max: 8 }),
        fc.uint8Array({ maxLength: 36 }),
      )
      .map(([first, type, words, body]) => [first, type, 0, words, ...body]);
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 4 }), (packets) => {
        parseRtcp(Uint8Array.from(packets.flat()));
      }),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (any) => void parseRtcp(any)));
  });
});
