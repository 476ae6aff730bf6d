import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isRtcp, parseRtp, RTP_HEADER_LENGTH, RtpHeader, writeRtpHeader } from './packet.ts';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function parsed(hex: string): RtpHeader {
  const header = new RtpHeader();
  assert.equal(parseRtp(bytes(hex), header), 'ok');
  return header;
}

describe('parseRtp', () => {
  it('reads the fields of a plain packet', () => {
    assert.deepEqual(
      { ...parsed('80 00 1234 89abcdef fedcba98 ff7f') },
      {
        marker: false,
        payloadType: 0,
        sequence: 0x1234,
        timestamp: 0x89abcdef,
        ssrc: 0xfedcba98,
        csrcCount: 0,
        extensionProfile: -1,
        extensionOffset: 12,
        extensionLength: 0,
        payloadOffset: 12,
        payloadLength: 2,
        paddingLength: 0,
      },
    );
  });

  it('tells the marker bit from the payload type', () => {
    const header = parsed('80 e5 0001 00000000 00000001');
    assert.equal(header.marker, true);
    assert.equal(header.payloadType, 101);
    assert.equal(header.payloadLength, 0);
  });

  it('skips contributing sources, the header extension and the padding', () => {
    const header = parsed('b2 08 0001 00000002 00000003 aaaaaaaa bbbbbbbb bede0001 01020304 d5d5d5 000003');
    assert.equal(header.csrcCount, 2);
    assert.equal(header.extensionProfile, 0xbede);
    assert.equal(header.extensionOffset, 24);
    assert.equal(header.extensionLength, 4);
    assert.equal(header.payloadOffset, 28);
    assert.equal(header.payloadLength, 3);
    assert.equal(header.paddingLength, 3);
  });

  it('forgets the extension and padding of the packet before', () => {
    const header = new RtpHeader();
    parseRtp(bytes('b0 08 0001 00000002 00000003 bede0000 d5 01'), header);
    parseRtp(bytes('80 08 0001 00000002 00000003 d5'), header);
    assert.equal(header.extensionProfile, -1);
    assert.equal(header.paddingLength, 0);
    assert.equal(header.payloadLength, 1);
  });

  const malformed: [string, string, string][] = [
    ['nothing', '', 'short'],
    ['eleven bytes', '80 00 0001 00000002 000000', 'short'],
    ['version 1', '40 00 0001 00000002 00000003', 'version'],
    ['version 3', 'c0 00 0001 00000002 00000003', 'version'],
    ['a CSRC list behind the end', '81 00 0001 00000002 00000003 aaaaaa', 'short'],
    ['an extension head behind the end', '90 00 0001 00000002 00000003 bede', 'short'],
    ['an extension behind the end', '90 00 0001 00000002 00000003 bede0002 01020304', 'short'],
    ['padding of no length', 'a0 00 0001 00000002 00000003 d500', 'padding'],
    ['padding longer than the payload', 'a0 00 0001 00000002 00000003 d503', 'padding'],
    ['a padding count within the header', 'a0 00 0001 00000002 00000003', 'padding'],
  ];
  for (const [what, hex, code] of malformed) {
    it(`rejects ${what} as ${code}`, () => {
      assert.equal(parseRtp(bytes(hex), new RtpHeader()), code);
    });
  }

  it('never throws and never points outside of the datagram, whatever comes', () => {
    const header = new RtpHeader();
    const start = fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xb3, 0x00, 0xff);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 120 }), (first, rest) => {
        const datagram = Uint8Array.from([first, ...rest]);
        if (parseRtp(datagram, header) !== 'ok') return;
        assert.ok(header.payloadOffset >= RTP_HEADER_LENGTH);
        assert.ok(header.payloadLength >= 0);
        assert.equal(header.payloadOffset + header.payloadLength + header.paddingLength, datagram.length);
        assert.ok(header.extensionOffset + header.extensionLength <= header.payloadOffset);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('writeRtpHeader', () => {
  it('writes the bytes of RFC 3550 5.1', () => {
    const target = new Uint8Array(12);
    writeRtpHeader(target, 8, true, 0xfffe, 0x80000001, 0xdeadbeef);
    assert.deepEqual(target, bytes('80 88 fffe 80000001 deadbeef'));
  });

  it('counts on past 16 and 32 bits', () => {
    const target = new Uint8Array(12);
    writeRtpHeader(target, 0, false, 65536 + 7, 2 ** 32 + 9, 1);
    assert.deepEqual(target, bytes('80 00 0007 00000009 00000001'));
  });

  it('is read back unchanged', () => {
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const fields = fc.tuple(
      fc.integer({ min: 0, max: 127 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 65535 }),
      uint32,
      uint32,
    );
    fc.assert(
      fc.property(fields, ([payloadType, marker, sequence, timestamp, ssrc]) => {
        const target = new Uint8Array(172);
        writeRtpHeader(target, payloadType, marker, sequence, timestamp, ssrc);
        const header = new RtpHeader();
        assert.equal(parseRtp(target, header), 'ok');
        assert.deepEqual(
          [header.payloadType, header.marker, header.sequence, header.timestamp, header.ssrc],
          [payloadType, marker, sequence, timestamp, ssrc],
        );
        assert.equal(header.payloadLength, 160);
      }),
    );
  });
});

describe('isRtcp', () => {
  it('knows sender report to application packet from any audio payload type', () => {
    for (const type of [200, 201, 202, 203, 204, 205, 206, 207]) {
      assert.equal(isRtcp(Uint8Array.from([0x80, type])), true);
    }
    for (const second of [0, 8, 96, 101, 127, 0x80, 0x88, 0x80 | 96, 0x80 | 127]) {
      assert.equal(isRtcp(Uint8Array.from([0x80, second])), false);
    }
    assert.equal(isRtcp(new Uint8Array(1)), false);
  });
});
