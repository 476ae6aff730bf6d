/** An hour of a call at once: both channels of a recording stay side by side, whatever clock and network do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../media/test-signals.ts';
import { MemoryTarget } from '../recording/memory-target.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { HandClock, handSocket } from './hand-clock.test-helper.ts';
import { handSession, PEER_ADDRESS, recordSpec } from './media-specs.test-helper.ts';

interface Line {
  readonly hours: number;
  /** How much faster the party's clock runs than ours. */
  readonly ppm: number;
  readonly loss: number;
  readonly jitterMs: number;
  /** We play all the time (not so loud as to be taken for a mark), so that nothing can be left out unheard. */
  readonly playing?: boolean;
}

/** Both parties make one click each 10 s, at the same moment. */
const MARK_EVERY_TICKS = 500;
const MARK_LEVEL = 30_000;
const SILENT_CODE = 0xff;
/** µ-law for a negative sample near full scale: 0 is the loudest. */
const LOUD_CODE = 0x00;
const NETWORK_MS = 20;
const FRAME = 160;

/** Notes where the marks of both channels lie in a stereo WAV file, and lets the rest of it go. */
class MarkFinder extends MemoryTarget {
  readonly marks: readonly [left: number[], right: number[]] = [[], []];
  frames = 0;
  #header = true;

  override append(bytes: Uint8Array, release?: () => void): void {
    if (this.#header) {
      this.#header = false;
      super.append(bytes, release);
      return;
    }
    const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!;
      if (sample > MARK_LEVEL || sample < -MARK_LEVEL) this.marks[i & 1]!.push(this.frames + (i >> 1));
    }
    this.frames += samples.length >> 1;
    release?.();
  }
}

async function recordLine(line: Line): Promise<MarkFinder> {
  const clock = new HandClock();
  const socket = handSocket();
  const target = new MarkFinder();
  const sessionId = 's';
  const session = handSession(sessionId, clock, socket, { createTarget: () => target });
  const random = seededRandom(9);
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 160);
  const speed = 1 + line.ppm / 1e6;
  const perMs = 8 * speed;
  const tune = Int16Array.from({ length: 160 * MARK_EVERY_TICKS }, (_, n) => 8000 * Math.sin(n / 7));
  const ticks = line.hours * 180_000;
  let index = 0;
  let arrivalMs = 0;
  for (let tick = 0; tick < ticks; tick++) {
    clock.nowMs = 20 * tick;
    // All packets that arrive before this tick, in order: the party's clock drifts, the network takes its time.
    for (;;) {
      const leaves = ((index + 1) * 160) / perMs;
      const jitter = (index * 7919) % 100 < 5 ? line.jitterMs : line.jitterMs * 0.2 * random();
      arrivalMs = Math.max(arrivalMs, leaves + NETWORK_MS + jitter);
      if (arrivalMs > clock.nowMs) break;
      packet.fill(SILENT_CODE, RTP_HEADER_LENGTH);
      // The party clicks when we do: at the beginning of our tick.
      for (
        let mark = Math.floor((index * 160) / perMs / 10_000);
        mark * 10_000 * perMs < (index + 1) * 160;
        mark++
      ) {
        const at = Math.round(mark * 10_000 * perMs) - index * 160;
        if (at >= 0 && at < 160 && mark > 0) packet[RTP_HEADER_LENGTH + at] = LOUD_CODE;
      }
      writeRtpHeader(packet, 0, index === 0, index & 0xffff, (index * 160) >>> 0, 7);
      const before = clock.nowMs;
      clock.nowMs = arrivalMs;
      if (index < 50 || random() >= line.loss) socket.onPacket(packet, PEER_ADDRESS, 5000);
      clock.nowMs = before;
      index++;
    }
    if (tick === 50) {
      session.handle({
        type: 'record',
        sessionId,
        spec: recordSpec('r', '/nowhere/r.wav', { direction: 'both', stereo: true, maxLengthMs: 1e9 }),
      });
    }
    if (tick > 50 && tick % MARK_EVERY_TICKS === 0) {
      const streamId = tick;
      const samples = line.playing === true ? tune.slice() : new Int16Array(160);
      samples[0] = 32_000;
      session.handle({
        type: 'play',
        sessionId,
        playId: `p${tick}`,
        sounds: [{ kind: 'stream', streamId }],
        gainDb: 0,
      });
      session.handle({ type: 'feed', sessionId, streamId, samples, end: true });
    }
    session.tick(clock.nowMs);
    if (tick % 5000 === 0) await Promise.resolve();
  }
  await session.close('hangup');
  return target;
}

/** For each mark of the left channel, how far behind it the right one lies, samples. */
function distances({ marks: [left, right] }: MarkFinder): number[] {
  return left.flatMap((at) => {
    const near = right.filter((other) => Math.abs(other - at) < 4000);
    return near.length === 1 ? [near[0]! - at] : [];
  });
}

for (const line of [
  { hours: 1, ppm: 100, loss: 0.02, jitterMs: 10 },
  { hours: 1, ppm: -100, loss: 0.02, jitterMs: 10 },
  { hours: 0.5, ppm: -100, loss: 0.02, jitterMs: 10, playing: true },
  { hours: 0.25, ppm: 0, loss: 0.05, jitterMs: 70 },
  { hours: 0.25, ppm: 300, loss: 0, jitterMs: 40 },
  { hours: 0.25, ppm: -300, loss: 0, jitterMs: 40 },
] satisfies Line[]) {
  const { hours, ppm, loss, jitterMs } = line;
  const name = `${ppm} ppm, ${loss * 100} % loss, ${jitterMs} ms of jitter, ${'playing' in line ? 'sound all the time' : 'pauses'}`;
  test(`left and right stay side by side to one frame through ${hours * 60} minutes (${name})`, async () => {
    const found = await recordLine(line);
    const said = found.frames / 8 / 1000;
    const expected = (hours * 3600 - 1) * (1 + ppm / 1e6);
    assert.ok(Math.abs(said - expected) < 0.2, `${said} s on the party's clock, not ${expected}`);
    const apart = distances(found);
    assert.ok(apart.length > 0.9 * hours * 360 * (1 - loss) - 2, `${apart.length} pairs of marks`);
    // What the party said at the same moment arrives a way through the network later.
    const off = apart.map((samples) => samples + NETWORK_MS * 8);
    const tolerance = FRAME + FRAME / 10;
    for (const [index, samples] of off.entries())
      assert.ok(
        Math.abs(samples) <= (index < 2 ? 2 * FRAME : tolerance),
        `mark ${index}: ${samples} samples`,
      );
  });
}
