import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress, SymmetricLatch } from './latch.ts';
import { RtpHeader } from './packet.ts';

const PHONE = { address: '192.0.2.10', port: 4000 };
const NAT = { address: '198.51.100.7', port: 31_000 };
const THIRD = { address: '203.0.113.66', port: 5555 };

interface Place {
  readonly address: string;
  readonly port: number;
}

/** A latch with packets of our choosing at times of our choosing. */
class Bench {
  readonly latch = new SymmetricLatch();
  nowMs = 0;

  constructor(signalled: Place = PHONE) {
    this.signal(signalled);
  }

  signal(remote: Place): void {
    this.latch.signal(remote, remote.port + 1, [0, 101]);
  }

  packet(from: Place, sequence: number, ssrc = 1, payloadType = 0): boolean {
    const header = new RtpHeader();
    header.sequence = sequence & 0xffff;
    header.ssrc = ssrc;
    header.payloadType = payloadType;
    return this.latch.admit(from.address, from.port, header, this.nowMs);
  }

  /** `count` packets 20 ms apart; returns how many were let in. */
  stream(from: Place, sequence: number, count: number, ssrc = 1): number {
    let admitted = 0;
    for (let i = 0; i < count; i++) {
      this.nowMs += 20;
      if (this.packet(from, sequence + i, ssrc)) admitted++;
    }
    return admitted;
  }

  get target(): Place {
    return { address: this.latch.targetAddress, port: this.latch.targetPort };
  }
}

describe('SymmetricLatch', () => {
  it('sends where SDP says until it has heard something', () => {
    const bench = new Bench();
    assert.equal(bench.latch.latched, false);
    assert.deepEqual(bench.target, PHONE);
    assert.equal(bench.latch.targetRtcpPort, 4001);
  });

  it('lets the signalled source in from its first packet', () => {
    const bench = new Bench();
    assert.equal(bench.stream(PHONE, 1, 10), 10);
    assert.equal(bench.latch.latched, true);
  });

  it('latches to a source behind NAT at its third packet in a row, and sends there', () => {
    const bench = new Bench();
    assert.deepEqual(
      [1, 2, 3, 4].map((sequence) => bench.packet(NAT, sequence)),
      [false, false, true, true],
    );
    assert.deepEqual(bench.target, NAT);
    assert.equal(bench.latch.targetRtcpPort, 31_001);
    assert.equal(bench.latch.rejected, 2);
  });

  it('does not count packets of other payload types, SSRCs, sources or far sequence numbers as in a row', () => {
    const bench = new Bench();
    for (let i = 0; i < 20; i++) assert.equal(bench.packet(NAT, i, 1, 96), false);
    for (let i = 0; i < 20; i++) assert.equal(bench.packet(NAT, i, 100 + i), false);
    for (let i = 0; i < 20; i++) assert.equal(bench.packet({ ...NAT, port: 6000 + i }, i), false);
    for (let i = 0; i < 20; i++) assert.equal(bench.packet(NAT, i * 500), false);
    for (let i = 0; i < 20; i++) assert.equal(bench.packet(THIRD, 7), false);
    assert.equal(bench.latch.latched, false);
  });

  it('returns to the signalled source as soon as that is heard', () => {
    const bench = new Bench();
    bench.stream(THIRD, 1, 10, 9);
    assert.deepEqual(bench.target, THIRD);
    assert.equal(bench.packet(PHONE, 1), true);
    assert.deepEqual(bench.target, PHONE);
    assert.equal(bench.packet(THIRD, 11, 9), false);
  });

  it('cannot be taken from a running stream by spraying packets, however many', () => {
    const bench = new Bench();
    let sequence = 0;
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 50; i++) {
        assert.equal(bench.stream(PHONE, ++sequence, 1), 1);
        for (let spray = 0; spray < 40; spray++) {
          assert.equal(bench.packet(THIRD, spray + i * 40, 666), false);
        }
      }
    }
    assert.deepEqual(bench.target, PHONE);
    assert.equal(bench.latch.rejected, 20_000);
  });

  it('cannot be taken by guessing SSRCs and sequence numbers', () => {
    const bench = new Bench(PHONE);
    bench.stream(NAT, 100, 10, 0xabcdef);
    const spray = fc.record({
      ssrc: fc.integer({ min: 0, max: 0xabcdee }),
      sequence: fc.integer({ min: 0, max: 0xffff }),
      port: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(spray), (packets) => {
        for (const { ssrc, sequence, port } of packets) {
          assert.equal(bench.packet({ ...THIRD, port }, sequence, ssrc), false);
        }
        assert.deepEqual(bench.target, NAT);
      }),
    );
  });

  it('gives a stream that has been silent for two seconds to another source', () => {
    const bench = new Bench();
    bench.stream(NAT, 1, 10);
    bench.nowMs += 1900;
    assert.equal(bench.stream(THIRD, 1, 4, 9), 0);
    bench.nowMs += 20;
    assert.equal(bench.stream(THIRD, 5, 4, 9), 4);
    assert.deepEqual(bench.target, THIRD);
  });

  it('follows its stream at once when NAT binds it to another port', () => {
    const bench = new Bench();
    bench.stream(NAT, 1, 100, 0x1234);
    const rebound = { ...NAT, port: 40_001 };
    assert.equal(bench.stream(rebound, 101, 10, 0x1234), 8);
    assert.deepEqual(bench.target, rebound);
    assert.equal(bench.packet(NAT, 111, 0x1234), false);
  });

  it('follows its stream to another port also while a third party sprays packets', () => {
    const bench = new Bench();
    bench.stream(NAT, 1, 100, 0x1234);
    const rebound = { ...NAT, port: 40_001 };
    let admitted = 0;
    for (let i = 0; i < 10; i++) {
      for (let spray = 0; spray < 10; spray++) bench.packet(THIRD, i * 10 + spray, 666);
      admitted += bench.stream(rebound, 101 + i, 1, 0x1234);
    }
    assert.equal(admitted, 8);
    assert.deepEqual(bench.target, rebound);
  });

  it('does not take old packets of the stream for its continuation', () => {
    const bench = new Bench();
    bench.stream(NAT, 1000, 100, 0x1234);
    assert.equal(bench.stream(THIRD, 1001, 20, 0x1234), 0);
  });

  it('follows a re-negotiation to a new signalled address at its first packet', () => {
    const bench = new Bench();
    bench.stream(PHONE, 1, 10);
    const moved = { address: PHONE.address, port: 7000 };
    bench.signal(moved);
    assert.equal(bench.packet(PHONE, 11), true);
    assert.equal(bench.packet(moved, 500, 77), true);
    assert.deepEqual(bench.target, moved);
    assert.equal(bench.packet(PHONE, 12), false);
  });

  it('sends to a new signalled address before it is heard, if the source was where SDP said', () => {
    const bench = new Bench();
    bench.stream(PHONE, 1, 10);
    assert.equal(bench.latch.admitRtcp(PHONE.address, 4055), true);
    bench.signal(THIRD);
    assert.deepEqual(bench.target, THIRD);
    assert.equal(bench.latch.targetRtcpPort, THIRD.port + 1);
    assert.equal(bench.packet(PHONE, 11), true, 'still on its way');
    assert.deepEqual(bench.target, THIRD);
    // A call put on hold as in RFC 2543, or without a stream, names no place to send to.
    for (const nowhere of [
      { address: '0.0.0.0', port: 4000 },
      { address: PHONE.address, port: 0 },
    ]) {
      bench.signal(nowhere);
      assert.deepEqual(bench.target, PHONE);
    }
    bench.signal(THIRD);
    assert.deepEqual(bench.target, THIRD);
    // What is heard from elsewhere behind it shows a NAT again.
    bench.nowMs += 100;
    bench.stream(NAT, 100, 10, 77);
    assert.deepEqual(bench.target, NAT);
  });

  it('has nowhere to send to where SDP names no place, and for RTCP where it switches the stream off', () => {
    const bench = new Bench({ address: '0.0.0.0', port: 4000 });
    assert.deepEqual([bench.latch.targetPort, bench.latch.targetRtcpPort], [0, 0]);
    bench.stream(NAT, 1, 3);
    assert.deepEqual(bench.target, NAT);
    assert.equal(bench.latch.targetRtcpPort, NAT.port + 1);
    bench.signal({ address: NAT.address, port: 0 });
    assert.equal(bench.latch.targetRtcpPort, 0);
  });

  it('keeps sending through the NAT when only the address behind it changes', () => {
    const bench = new Bench();
    bench.stream(NAT, 1, 10);
    bench.signal({ address: '10.0.0.9', port: 9000 });
    assert.deepEqual(bench.target, NAT);
    // SDP may also come to name what is heard already; from then on it is believed.
    bench.signal(NAT);
    bench.signal(THIRD);
    assert.deepEqual(bench.target, THIRD);
  });

  it('follows a re-negotiation to a source behind NAT once the old one is silent', () => {
    const bench = new Bench();
    bench.stream(NAT, 1, 10);
    bench.signal({ address: '10.0.0.9', port: 9000 });
    // Both at once: the old one keeps the stream.
    for (let i = 0; i < 10; i++) {
      assert.equal(bench.stream(NAT, 11 + i, 1), 1);
      assert.equal(bench.packet(THIRD, i * 3, 77), false);
      assert.equal(bench.packet(THIRD, i * 3 + 1, 77), false);
      assert.equal(bench.packet(THIRD, i * 3 + 2, 77), false);
    }
    assert.equal(bench.stream(THIRD, 100, 10, 77), 6);
    assert.deepEqual(bench.target, THIRD);
  });

  it('keeps a source that goes on behind a re-negotiation as before, through its pauses', () => {
    for (const [source, packets] of [
      [PHONE, 1],
      [NAT, 102],
    ] as const) {
      const bench = new Bench();
      bench.stream(source, 1, 10);
      // Put on hold as in RFC 2543, and taken back.
      bench.signal({ address: '0.0.0.0', port: PHONE.port });
      bench.signal(PHONE);
      bench.stream(source, 11, packets);
      bench.nowMs += 200;
      assert.equal(bench.stream(THIRD, 1, 50, 9), 0);
      assert.deepEqual(bench.target, source);
    }
  });

  it('keeps everything when a re-negotiation changes nothing', () => {
    const bench = new Bench();
    bench.stream(NAT, 1, 10);
    bench.signal(PHONE);
    assert.equal(bench.stream(THIRD, 1, 50, 9), 0);
    assert.deepEqual(bench.target, NAT);
  });

  it('takes other payload types from a re-negotiation on', () => {
    const bench = new Bench();
    bench.stream(PHONE, 1, 5);
    assert.equal(bench.packet(PHONE, 6, 1, 8), false);
    bench.latch.signal(PHONE, 4001, [8, 101]);
    assert.equal(bench.packet(PHONE, 7, 1, 8), true);
  });

  it('believes RTCP from the address of the stream only, and answers to its port', () => {
    const bench = new Bench();
    assert.equal(bench.latch.admitRtcp(PHONE.address, 4001), true);
    assert.equal(bench.latch.admitRtcp(PHONE.address, 4009), false);
    bench.stream(NAT, 1, 5);
    assert.equal(bench.latch.admitRtcp(THIRD.address, 31_001), false);
    assert.equal(bench.latch.admitRtcp(NAT.address, 31_055), true);
    assert.equal(bench.latch.targetRtcpPort, 31_055);
  });

  it('knows an address in whatever spelling SDP has it', () => {
    const bench = new Bench({ address: '2001:DB8:0:0:0:0:0:1', port: 4000 });
    assert.equal(bench.packet({ address: '2001:db8::1', port: 4000 }, 1), true);
    assert.equal(canonicalAddress('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(canonicalAddress('FE80::1%eth0'), 'fe80::1%eth0');
    assert.equal(canonicalAddress('phone.example.com'), 'phone.example.com');
  });
});
