/** What is sent to keep NATs open while there is no media (RFC 6263), and what a party sends for it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { writeRtpHeader } from '../rtp/packet.ts';
import { EVENT_PAYLOAD_TYPE, OUR_ADDRESS } from './peer.test-helper.ts';
import { find, openRig, openTalk } from './session.test-helper.ts';

const KEEPALIVE = { keepaliveSeconds: 15 };
const UNKNOWN_TYPE = 127;

describe('keepalives (RFC 6263)', () => {
  test('section 7: at least one packet in each Tr, while there is no media; Tr is 15 s and can be longer', async (t) => {
    for (const keepaliveSeconds of [15, 40]) {
      const rig = await openRig(t, { idle: { keepaliveSeconds } });
      const startedAt = rig.clock.monotonic();
      await rig.clock.advance(100_000);
      const times = [startedAt, ...rig.peer.heard.map(({ atMs }) => atMs)];
      assert.equal(times.length - 1, Math.floor(100 / keepaliveSeconds));
      for (const [index, at] of times.slice(1).entries()) {
        const sinceLast = at - times[index]!;
        assert.ok(Math.abs(sinceLast - keepaliveSeconds * 1000) <= 40, `${sinceLast} ms`);
      }
      await rig.close();
    }
  });

  test('section 4.6: no payload, a type nobody agreed on, next number, time of the media, no marker, same source', async (t) => {
    const rig = await openRig(t, { idle: KEEPALIVE });
    const sound = rig.peer.said(0, 1600);
    const play = (playId: string, streamId: number): void => {
      rig.send({ type: 'play', playId, sounds: [{ kind: 'stream', streamId }], gainDb: 0 });
      rig.send({ type: 'feed', streamId, samples: sound, end: true });
    };
    play('a', 1);
    await rig.clock.advance(17_000);
    play('b', 2);
    await rig.clock.advance(1_000);
    const at = rig.peer.heard.findIndex(({ payloadType }) => payloadType === UNKNOWN_TYPE);
    const [before, keepalive, after] = rig.peer.heard.slice(at - 1, at + 2);
    assert.ok(before !== undefined && keepalive !== undefined && after !== undefined);
    assert.equal(rig.peer.heard.filter(({ payloadType }) => payloadType !== 0).length, 1);
    assert.equal(keepalive.payload.length, 0);
    assert.equal(keepalive.marker, false);
    assert.equal(keepalive.ssrc, before.ssrc);
    assert.equal(keepalive.sequence, (before.sequence + 1) & 0xffff);
    assert.equal(after.sequence, (before.sequence + 2) & 0xffff);
    for (const packet of [keepalive, after]) {
      const byTimestamp = ((packet.timestamp - before.timestamp) >>> 0) / 8;
      assert.ok(Math.abs(byTimestamp - (packet.atMs - before.atMs)) <= 20, `${byTimestamp} ms`);
    }
    assert.equal(after.marker, true, 'the pause still ends with a marker');
    await rig.close();
  });

  test('section 4.6: the type is one that this call has never agreed on', async (t) => {
    const rig = await openRig(t, { idle: KEEPALIVE });
    rig.configure({ telephoneEventPayloadType: 127 });
    rig.configure({ telephoneEventPayloadType: 126 });
    await rig.clock.advance(16_000);
    assert.deepEqual(
      rig.peer.heard.map(({ payloadType }) => payloadType),
      [125],
    );
    await rig.close();
  });

  test('section 4.6: nor one that the party alone sends', async (t) => {
    const rig = await openRig(t, { idle: KEEPALIVE });
    rig.configure({
      otherFormats: [{ codec: 'OPUS', payloadType: 127 }],
      otherEvents: [{ payloadType: 126, clockRate: 8_000 }],
    });
    await rig.clock.advance(16_000);
    assert.deepEqual(
      rig.peer.heard.map(({ payloadType }) => payloadType),
      [125],
    );
    await rig.close();
  });

  test('section 7: none goes beside media, and keys count as such', async (t) => {
    const rig = await openRig(t, { idle: KEEPALIVE });
    rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
    rig.send({ type: 'feed', streamId: 1, samples: rig.peer.said(0, 320_000), end: true });
    await rig.clock.advance(41_000);
    assert.ok(rig.peer.heard.length >= 1999);
    assert.ok(rig.peer.heard.every(({ payloadType }) => payloadType === 0));
    await rig.clock.advance(10_000);
    rig.send({ type: 'sendDigits', sendId: 'd', digits: '5' });
    await rig.clock.advance(14_000);
    const last = rig.peer.heard.at(-1)!;
    assert.equal(last.payloadType, EVENT_PAYLOAD_TYPE);
    await rig.clock.advance(2_000);
    assert.equal(rig.peer.heard.at(-1)!.payloadType, UNKNOWN_TYPE);
    await rig.close();
  });

  test('section 1: they go whatever the direction of the stream, and RTCP goes on, oftener than Tr (section 8)', async (t) => {
    for (const direction of ['recvonly', 'inactive', 'sendonly'] as const) {
      const rig = await openRig(t, { idle: KEEPALIVE });
      rig.configure({ direction });
      await rig.clock.advance(31_000);
      const types = rig.peer.heard.map(({ payloadType }) => payloadType);
      assert.deepEqual(types, [UNKNOWN_TYPE, UNKNOWN_TYPE], direction);
      assert.ok(rig.peer.reports.length >= 3, `${rig.peer.reports.length} reports`);
      await rig.close();
    }
  });

  test('none goes to a stream that is switched off, nor on hold where the setting is another one', async (t) => {
    for (const [idle, media] of [
      [KEEPALIVE, { remotePort: 0 }],
      ['silence', { direction: 'inactive' }],
      ['none', { direction: 'sendrecv' }],
    ] as const) {
      const rig = await openRig(t, { idle });
      rig.configure(media);
      await rig.clock.advance(31_000);
      assert.equal(rig.peer.heard.length, 0, JSON.stringify([idle, media]));
      await rig.close();
    }
  });

  test('none goes on, nor RTCP, when a stream that was heard is switched off', async (t) => {
    const rig = await openTalk(t, 1_000, { idle: KEEPALIVE });
    rig.peer.stop();
    rig.configure({ remotePort: 0, remoteRtcpPort: 0, direction: 'inactive' });
    await rig.clock.advance(31_000);
    assert.equal(rig.peer.heard.length, 0);
    assert.equal(rig.peer.reports.length, 0);
    await rig.close();
  });

  for (const [payloadType, kind] of [
    [UNKNOWN_TYPE, 'of an unknown type'],
    [0, 'of the audio, without any'],
  ] as const) {
    test(`section 4.6: one of a party ${kind} has a number among its packets, and is not lost`, async (t) => {
      const rig = await openTalk(t, 500);
      rig.record('r');
      await rig.clock.advance(1_000);
      // It sends nothing for a second, since it is silent.
      rig.peer.stop();
      await rig.clock.advance(500);
      rig.peer.send(payloadType, false, 0, new Uint8Array(0));
      await rig.clock.advance(500);
      rig.peer.position += 8_000;
      rig.peer.start(rig.port);
      await rig.clock.advance(1_000);
      rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
      await rig.clock.advance(100);
      assert.equal(rig.outcome('r').missingSamples, 0);
      await rig.close();
      const closed = rig.events.at(-1);
      assert.ok(closed?.type === 'closed');
      assert.equal(closed.statistics.packetsLost, 0);
    });
  }

  test('section 4: those of a party are ignored, of each kind, and leave no trace in the recording', async (t) => {
    const rig = await openTalk(t, 500);
    rig.record('r');
    await rig.clock.advance(1_000);
    const rtp = (payloadType: number, version: number): Uint8Array => {
      const bytes = new Uint8Array(12);
      writeRtpHeader(bytes, payloadType, false, 4_000, 80_000, 0x1234);
      bytes[0] = version << 6;
      return bytes;
    };
    const stun = Buffer.from('001100002112a442000102030405060708090a0b', 'hex');
    // 4.1 empty, 4.4 STUN indication, 4.5 version 0, 4.6 unknown type, and 4.3 a report on this port.
    const report = Buffer.from('80c90001000012340000', 'hex');
    for (const bytes of [new Uint8Array(0), stun, rtp(0, 0), rtp(120, 2), report]) {
      rig.peer.socket.send(bytes, 0, bytes.length, rig.port, OUR_ADDRESS);
    }
    await rig.clock.advance(1_000);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.advance(100);
    const [file] = rig.wav('r');
    assert.equal(file!.length, 16_000);
    assert.notEqual(find(rig.peer.said(0, 40_000), file!), -1);
    assert.equal(rig.outcome('r').endedBy, 'stop');
    await rig.close();
  });
});
