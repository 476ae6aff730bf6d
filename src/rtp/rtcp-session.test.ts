import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reception } from './reception.ts';
import { parseRtcp, type RtcpCompound } from './rtcp.ts';
import { RtcpSession } from './rtcp-session.ts';

const A = 0xaaaaaaaa;
const B = 0xbbbbbbbb;
const NOTHING = new Reception(8000);

function session(ssrc: number, random = () => 0.5, wallMs = Date.UTC(2026, 0, 1)): RtcpSession {
  return new RtcpSession({ ssrc, cname: 'x@host', startMs: 0, wallMs, random });
}

function sent(packets: number) {
  return { timestamp: packets * 160, packets, octets: packets * 160 };
}

function read(datagram: Uint8Array): RtcpCompound {
  const compound = parseRtcp(datagram);
  assert.ok(typeof compound === 'object');
  return compound;
}

describe('RtcpSession', () => {
  it('reports first after 2.5 s, then each 5 s, times 0.5 to 1.5, compensated (RFC 3550 6.3.1)', () => {
    const compensated = (ms: number) => ms / (Math.E - 1.5);
    for (const random of [0, 0.5, 0.999]) {
      const one = session(A, () => random);
      const first = compensated(2500 * (0.5 + random));
      assert.equal(one.due(first - 1), false);
      assert.equal(one.due(first + 1), true);
      one.report(3000, sent(1), -1, NOTHING);
      const second = 3000 + compensated(5000 * (0.5 + random));
      assert.equal(one.due(second - 1), false);
      assert.equal(one.due(second + 1), true);
    }
  });

  it('sends sender reports while it sends, and receiver reports two intervals after it stopped', () => {
    const one = session(A);
    const kinds = [10, 20, 20, 20, 30].map((packets, index) => {
      const { sender } = read(one.report(index * 5000, sent(packets), -1, NOTHING)).reports[0]!;
      return sender?.packets;
    });
    assert.deepEqual(kinds, [10, 20, 20, undefined, 30]);
  });

  it('reports the loss of the interval and of the whole, the highest number and the jitter', () => {
    const reception = new Reception(8000);
    const one = session(A);
    for (let i = 0; i < 100; i++) if (i % 4 !== 1) reception.accept(i);
    reception.timed(0, 0);
    reception.timed(160, 36);
    const first = read(one.report(5000, sent(1), B, reception)).reports[0]!.blocks[0]!;
    assert.deepEqual(
      [first.ssrc, first.fractionLost, first.cumulativeLost, first.extendedHighest, first.jitter],
      [B, 64, 25, 99, 8],
    );
    for (let i = 100; i < 200; i++) reception.accept(i);
    const second = read(one.report(10_000, sent(2), B, reception)).reports[0]!.blocks[0]!;
    assert.deepEqual([second.fractionLost, second.cumulativeLost], [0, 25]);
  });

  it('begins anew with a new source', () => {
    const reception = new Reception(8000);
    const one = session(A);
    for (const sequence of [1, 2, 9]) reception.accept(sequence);
    one.report(5000, sent(1), B, reception);
    reception.forget();
    for (const sequence of [500, 501, 502, 503]) reception.accept(sequence);
    const block = read(one.report(10_000, sent(1), B + 1, reception)).reports[0]!.blocks[0]!;
    assert.deepEqual([block.fractionLost, block.cumulativeLost, block.extendedHighest], [0, 0, 503]);
  });

  it('measures the round trip from LSR and DLSR, whatever the clocks of both say', () => {
    const one = session(A);
    const two = session(B, () => 0.5, Date.UTC(2019, 5, 5));
    // 30 ms there, 4 s of waiting, 50 ms back.
    assert.equal(two.receive(one.report(1000, sent(5), -1, NOTHING), 1030), 'ok');
    assert.equal(one.receive(two.report(5030, sent(5), A, NOTHING), 5080), 'ok');
    assert.ok(Math.abs(one.peer.roundTripMs! - 80) < 0.1, `${one.peer.roundTripMs}`);
    assert.equal(two.peer.roundTripMs, undefined);
  });

  it('tells what the peer says about our stream, and of no other', () => {
    const reception = new Reception(8000);
    for (const sequence of [1, 2, 4, 5]) reception.accept(sequence);
    const [one, two] = [session(A), session(B)];
    one.receive(two.report(5000, sent(0), A + 1, reception), 5020);
    assert.deepEqual(one.peer, { left: false });
    one.receive(session(B).report(5000, sent(0), A, reception), 5020);
    assert.deepEqual(one.peer, { left: false, lossFraction: 51 / 256, jitterMs: 0 });
  });

  it('says BYE and hears it', () => {
    const [one, two] = [session(A), session(B)];
    one.receive(two.bye(9000, sent(3), -1, NOTHING)!, 9020);
    assert.equal(one.peer.left, true);
    assert.equal(two.due(1e12), false);
  });

  it('says no BYE where it has sent neither RTP nor RTCP (RFC 3550 6.3.7)', () => {
    assert.equal(session(A).bye(900, sent(0), B, NOTHING), undefined);
    const one = session(A);
    one.report(3000, sent(0), B, NOTHING);
    assert.deepEqual(read(one.bye(4000, sent(0), B, NOTHING)!).byes, [A]);
  });

  it('answers a report that came behind the reading of the clock as one that came just then', () => {
    const one = session(A);
    one.receive(session(B).report(4990, sent(1), -1, NOTHING), 5001);
    const [block] = read(one.report(5000, sent(1), B, NOTHING)).reports[0]!.blocks;
    assert.notEqual(block!.lastSenderReport, 0);
    assert.equal(block!.delaySinceLastSenderReport, 0);
  });

  it('drops what is malformed by name', () => {
    assert.equal(session(A).receive(new Uint8Array(20), 0), 'version');
  });
});
