/** Two media sessions that talk to each other in every codec, on virtual time. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { goertzelDbfs } from '../media/goertzel.ts';
import { rmsDbfs } from '../media/level.ts';
import { createOpusEncoder } from '../media/opus.ts';
import { seededRandom } from '../media/test-signals.ts';
import { WAV_HEADER_BYTES } from '../media/wav-format.ts';
import { createMemoryRtpNetwork, type NetworkConditions } from '../rtp/memory-network.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CODEC_RATES } from './codec-rates.ts';
import { createFrameDecoder, warmUpOpus } from './codecs.ts';
import { LocalMediaHost } from './local-host.ts';
import type { AudioCodec, MediaCommand, MediaEvent } from './protocol.ts';

const PAYLOAD_TYPES: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };
const ADDRESS = '10.0.0.1';

before(warmUpOpus);

async function openPair(t: TestContext, conditions: Partial<NetworkConditions> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-codecs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const network = createMemoryRtpNetwork(clock, { delayMs: 5, ...conditions });
  const host = new LocalMediaHost({
    clock,
    log: silentLogger,
    random: seededRandom(5),
    openSocket: (address) => network.open(address),
  });
  const ports = new Map<string, number>();
  const events: MediaEvent[] = [];
  for (const sessionId of ['speaker', 'listener']) {
    host.subscribe(sessionId, (event) => {
      events.push(event);
      if (event.type === 'opened') ports.set(sessionId, event.rtpPort);
    });
    host.send({ type: 'open', sessionId, bindAddress: ADDRESS, idleMedia: 'silence' });
  }
  await clock.settle();
  const agree = (codec: AudioCodec, ptimeMs = 20): void => {
    for (const [sessionId, other] of [
      ['speaker', 'listener'],
      ['listener', 'speaker'],
    ] as const) {
      host.send({
        type: 'configure',
        sessionId,
        media: {
          codec,
          payloadType: PAYLOAD_TYPES[codec],
          telephoneEventPayloadType: 101,
          telephoneEventClockRate: CODEC_RATES[codec].clockRate,
          remoteAddress: ADDRESS,
          remotePort: ports.get(other)!,
          remoteRtcpPort: ports.get(other)! + 1,
          direction: 'sendrecv',
          ptimeMs,
        },
      });
    }
  };
  const speak = (frequencyHz: number, durationMs: number): void =>
    host.send({
      type: 'play',
      sessionId: 'speaker',
      playId: `tone-${frequencyHz}`,
      sounds: [{ kind: 'tone', frequenciesHz: [frequencyHz], levelDbfs: -15, onOffMs: [], durationMs }],
      gainDb: 0,
    } as MediaCommand);
  const record = (terminators = ''): void =>
    host.send({
      type: 'record',
      sessionId: 'listener',
      spec: {
        recordingId: 'r',
        controlId: 'r',
        path: path.join(folder, 'r.wav'),
        format: 'wav',
        direction: 'speak',
        stereo: false,
        beep: false,
        terminators,
        inputSensitivity: 44,
        initialTimeoutMs: 0,
        endSilenceTimeoutMs: 0,
        maxLengthMs: 600_000,
      },
    } as MediaCommand);
  const recorded = async () => {
    host.send({ type: 'stopRecord', sessionId: 'listener', recordingId: 'r', cause: 'stop' });
    await clock.settle();
    const bytes = readFileSync(path.join(folder, 'r.wav'));
    const samples = new Int16Array((bytes.length - WAV_HEADER_BYTES) / 2);
    for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(WAV_HEADER_BYTES + 2 * i);
    return { rate: bytes.readUInt32LE(24), samples };
  };
  return { clock, host, events, agree, speak, record, recorded };
}

type Audio = Awaited<ReturnType<Awaited<ReturnType<typeof openPair>>['recorded']>>;

const levelAt = ({ samples, rate }: Audio, frequencyHz: number, fromS: number, toS: number): number =>
  goertzelDbfs(samples.subarray(fromS * rate, toS * rate), frequencyHz, rate);

describe('codecs of a session', () => {
  for (const [codec, frequencies] of [
    ['PCMU', [1000, 3000]],
    ['PCMA', [1000, 3000]],
    ['G722', [1000, 3000, 6500]],
    ['OPUS', [1000, 3000, 6500]],
  ] as const) {
    for (const ptimeMs of [20, 60]) {
      test(`${codec} in packets of ${ptimeMs} ms is recorded at its own rate, with its whole band`, async (t) => {
        const { clock, host, agree, speak, record, recorded } = await openPair(t);
        agree(codec, ptimeMs);
        await clock.advance(500);
        record();
        for (const frequency of frequencies) speak(frequency, 1000);
        await clock.advance(frequencies.length * 1000 + 500);
        const audio = await recorded();
        assert.equal(audio.rate, CODEC_RATES[codec].sampleRate);
        const seconds = audio.samples.length / audio.rate;
        // The end takes in what has arrived, up to a packet more than the clock says.
        assert.ok(Math.abs(seconds - frequencies.length - 0.5) < 0.021, `${seconds} s`);
        for (const [index, frequency] of frequencies.entries()) {
          const level = levelAt(audio, frequency, index + 0.3, index + 0.9);
          assert.ok(Math.abs(level + 15) < 2, `${frequency} Hz at ${level} dBFS`);
          for (const other of frequencies) {
            if (other === frequency) continue;
            assert.ok(
              levelAt(audio, other, index + 0.3, index + 0.9) < -40,
              `${other} Hz within ${frequency} Hz`,
            );
          }
        }
        await host.close();
      });
    }

    test(`a key ends a recording of ${codec} at its place`, async (t) => {
      const { clock, host, events, agree, speak, record } = await openPair(t);
      agree(codec);
      await clock.advance(500);
      record('#');
      speak(1000, 5000);
      await clock.advance(2000);
      host.send({ type: 'sendDigits', sessionId: 'speaker', sendId: 'd', digits: '#' });
      await clock.advance(1000);
      assert.deepEqual(
        events.flatMap((event) => (event.type === 'digit' ? [`${event.sessionId} ${event.digit}`] : [])),
        ['listener #'],
      );
      const ended = events.find((event) => event.type === 'recordEnded');
      assert.ok(ended?.type === 'recordEnded');
      assert.equal(ended.outcome.endedBy, 'terminator');
      assert.ok(
        Math.abs(ended.outcome.durationMs - 2000) <= 100,
        `${ended.outcome.durationMs} ms until the key, some of them on the way`,
      );
      await host.close();
    });

    test(`loss, disorder and duplicates leave a recording of ${codec} as long as what was said`, async (t) => {
      const { clock, host, agree, speak, record, recorded } = await openPair(t, {
        loss: 0.03,
        jitterMs: 30,
        duplication: 0.05,
      });
      agree(codec);
      await clock.advance(500);
      record();
      speak(1000, 10_000);
      await clock.advance(10_000);
      const audio = await recorded();
      assert.equal(audio.samples.length / audio.rate, 10);
      const level = levelAt(audio, 1000, 0.5, 9.5);
      assert.ok(level > -16.5 && level < -14.5, `${level} dBFS`);
      // No holes: a lost packet is 20 ms, and so is a step here.
      const step = audio.rate / 50;
      const levels = Array.from({ length: 450 }, (_, n) => rmsDbfs(audio.samples, (25 + n) * step, step));
      const holes = levels.filter((each) => each < -22).length;
      assert.ok(holes <= 2, `${holes} holes`);
      await host.close();
    });
  }

  test('a change of codec in the middle goes on in the rate of the first', async (t) => {
    const { clock, host, agree, speak, record, recorded } = await openPair(t);
    agree('G722');
    await clock.advance(500);
    record();
    speak(1000, 8000);
    await clock.advance(2000);
    for (const codec of ['PCMU', 'OPUS', 'PCMA'] as const) {
      agree(codec);
      await clock.advance(2000);
    }
    const audio = await recorded();
    assert.equal(audio.rate, 16_000);
    assert.ok(
      Math.abs(audio.samples.length / audio.rate - 8) <= 0.2,
      `${audio.samples.length / audio.rate} s`,
    );
    for (const from of [0.5, 2.5, 4.5, 6.5]) {
      const level = levelAt(audio, 1000, from, from + 1.2);
      assert.ok(Math.abs(level + 15) < 2, `${level} dBFS from ${from} s on`);
    }
    await host.close();
  });

  test('keys that wait while another codec is agreed on are as long by its clock', async (t) => {
    const { clock, host, events, agree } = await openPair(t);
    agree('PCMU');
    await clock.advance(500);
    // Whoever copies is told how long keys were down.
    const spec = { take: 'said', codec: 'PCMU', sampleRate: 8000, ptimeMs: 20 } as const;
    host.send({ type: 'copy', sessionId: 'listener', copyId: 'c', spec });
    host.send({ type: 'sendDigits', sessionId: 'speaker', sendId: 'd', digits: '1W2' });
    await clock.advance(800);
    agree('OPUS');
    await clock.advance(2000);
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'digitUp' ? [event.durationMs] : [])),
      [260, 260],
    );
    await host.close();
  });

  test('once Opus is loaded, a decoder of it has the first packet, which may come in the same turn', async () => {
    const encoder = await createOpusEncoder();
    await warmUpOpus();
    const packet = encoder.encode(new Int16Array(960)).slice();
    const decoder = createFrameDecoder('OPUS');
    assert.equal(decoder.decode(packet, 0, packet.length, new Int16Array(5760)), 960);
    decoder.close();
    encoder.free();
  });

  test('what is asked for before the first agreement begins with it', async (t) => {
    const { clock, host, events, agree, speak, record, recorded } = await openPair(t);
    record();
    speak(3000, 1000);
    await clock.advance(1000);
    assert.ok(events.every(({ type }) => type === 'opened'));
    agree('OPUS');
    await clock.advance(1500);
    const audio = await recorded();
    assert.equal(audio.rate, 48_000);
    assert.ok(Math.abs(levelAt(audio, 3000, 0.3, 0.8) + 15) < 2);
    await host.close();
  });

  test('a session that closes without an agreement tells the end of what it was asked for', async (t) => {
    const { host, events, record } = await openPair(t);
    record();
    host.send({ type: 'close', sessionId: 'listener', cause: 'hangup' });
    await host.close();
    const ended = events.find((event) => event.type === 'recordEnded');
    assert.ok(ended?.type === 'recordEnded' && ended.outcome.endedBy === 'hangup');
  });
});
