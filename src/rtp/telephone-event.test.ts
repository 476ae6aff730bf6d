import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DigitSender } from './digit-sender.ts';
import { RtpHeader } from './packet.ts';
import { type DigitSignal, EVENT_DIGITS, TelephoneEventReceiver } from './telephone-event.ts';

interface EventPacket {
  readonly event: number;
  readonly timestamp: number;
  readonly duration: number;
  readonly end?: boolean;
  readonly marker?: boolean;
  readonly ssrc?: number;
  readonly atMs: number;
}

/** A press as a sender sends it: updates each 20 ms, three end packets. */
function press(digit: string, timestamp: number, ticks = 5, atMs = timestamp / 8): EventPacket[] {
  const event = EVENT_DIGITS.indexOf(digit);
  return Array.from({ length: ticks + 2 }, (_, i) => ({
    event,
    timestamp,
    duration: Math.min(i + 1, ticks) * 160,
    end: i >= ticks - 1,
    marker: i === 0,
    atMs: atMs + i * 20,
  }));
}

/** What a receiver makes of packets, ticked every 20 ms until a second after the last. */
function receive(packets: readonly EventPacket[]): DigitSignal[] {
  const receiver = new TelephoneEventReceiver();
  const signals: DigitSignal[] = [];
  let tickMs = 0;
  const tickUntil = (ms: number): void => {
    for (; tickMs <= ms; tickMs += 20) signals.push(...receiver.tick(tickMs));
  };
  for (const packet of packets) {
    tickUntil(packet.atMs);
    signals.push(...push(receiver, packet));
  }
  tickUntil((packets.at(-1)?.atMs ?? 0) + 1000);
  return signals;
}

function push(receiver: TelephoneEventReceiver, packet: EventPacket): readonly DigitSignal[] {
  const header = new RtpHeader();
  header.timestamp = packet.timestamp >>> 0;
  header.marker = packet.marker ?? false;
  header.ssrc = packet.ssrc ?? 1;
  header.payloadLength = 4;
  const { event, end = false, duration } = packet;
  const bytes = Uint8Array.from([event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff]);
  return receiver.push(header, bytes, packet.atMs);
}

function started(signals: readonly DigitSignal[]): string {
  return signals.map((signal) => (signal.kind === 'start' ? signal.digit : '')).join('');
}

function ended(signals: readonly DigitSignal[]): (string | number)[] {
  return signals.flatMap((signal) => (signal.kind === 'end' ? [signal.digit, signal.durationMs] : []));
}

describe('TelephoneEventReceiver', () => {
  it('reports a press at its first packet and its end at the first end packet', () => {
    const receiver = new TelephoneEventReceiver();
    const packets = press('5', 8000, 5);
    const signals = packets.map((packet) => push(receiver, packet));
    assert.deepEqual(signals[0], [{ kind: 'start', digit: '5', timestamp: 8000 }]);
    assert.deepEqual(signals[4], [{ kind: 'end', digit: '5', timestamp: 8000, durationMs: 100 }]);
    assert.deepEqual([...signals.slice(1, 4), ...signals.slice(5)].flat(), []);
  });

  it('knows all sixteen keys and ignores other events', () => {
    const packets = [...EVENT_DIGITS].flatMap((digit, index) => press(digit, 8000 + index * 2400));
    assert.equal(started(receive(packets)), EVENT_DIGITS);
    assert.deepEqual(receive([{ event: 16, timestamp: 1, duration: 160, end: true, atMs: 0 }]), []);
    assert.deepEqual(receive([{ event: 255, timestamp: 1, duration: 160, atMs: 0 }]), []);
  });

  it('ignores a payload that is too short', () => {
    const header = new RtpHeader();
    header.payloadLength = 3;
    assert.deepEqual(new TelephoneEventReceiver().push(header, new Uint8Array(3), 0), []);
  });

  it('reports once whichever packets are lost, if one is left', () => {
    const packets = press('9', 8000, 5);
    for (let kept = 1; kept < 2 ** packets.length; kept++) {
      const signals = receive(packets.filter((_, index) => (kept >> index) & 1));
      assert.equal(started(signals), '9', `kept ${kept.toString(2)}`);
      assert.equal(ended(signals).length, 2, `kept ${kept.toString(2)}`);
    }
  });

  it('ends a press with its last duration when all end packets are lost', () => {
    const signals = receive(press('1', 8000, 5).slice(0, 4));
    assert.deepEqual(ended(signals), ['1', 80]);
  });

  it('ends a press that lost its end when the next one begins', () => {
    const receiver = new TelephoneEventReceiver();
    push(receiver, press('1', 8000)[0]!);
    assert.deepEqual(push(receiver, press('1', 9600, 5, 1040)[0]!), [
      { kind: 'end', digit: '1', timestamp: 8000, durationMs: 20 },
      { kind: 'start', digit: '1', timestamp: 9600 },
    ]);
  });

  it('tells the same key pressed twice from one press', () => {
    const signals = receive([...press('7', 8000), ...press('7', 10_000)]);
    assert.deepEqual(ended(signals), ['7', 100, '7', 100]);
  });

  it('does not care about the order within a press', () => {
    const packets = press('3', 8000, 5).map((packet) => ({ ...packet, atMs: 1000 }));
    fc.assert(
      fc.property(fc.shuffledSubarray(packets, { minLength: 1 }), (shuffled) => {
        const signals = receive(shuffled);
        assert.equal(started(signals), '3');
        assert.equal(ended(signals).length, 2);
      }),
    );
  });

  it('does not take a late packet of one press for another one', () => {
    const [first, second] = [press('1', 8000), press('2', 10_000)];
    const signals = receive([...first.slice(0, 6), ...second.slice(0, 3), first[6]!, ...second.slice(3)]);
    assert.deepEqual(ended(signals), ['1', 100, '2', 100]);
  });

  it('does not report again what goes on after it was given up', () => {
    const packets = press('1', 8000, 60);
    const signals = receive(packets.filter((_, index) => index < 5 || index > 30));
    assert.equal(started(signals), '1');
    assert.deepEqual(ended(signals), ['1', 100]);
  });

  it('adds up the segments of a press longer than the duration field holds', () => {
    const segment = (timestamp: number, atMs: number, last: number): EventPacket[] =>
      Array.from({ length: Math.ceil(last / 160) }, (_, i) => ({
        event: 11,
        timestamp,
        duration: Math.min((i + 1) * 160, last),
        atMs: atMs + i * 20,
      }));
    const packets = [
      ...segment(8000, 1000, 0xffff),
      ...segment(8000 + 0xffff, 1000 + 8200, 0xffff),
      ...segment(8000 + 2 * 0xffff, 1000 + 16_400, 1600),
    ];
    packets.push({ ...packets.at(-1)!, end: true });
    assert.deepEqual(receive(packets), [
      { kind: 'start', digit: '#', timestamp: 8000 },
      { kind: 'end', digit: '#', timestamp: 8000, durationMs: Math.round((2 * 0xffff + 1600) / 8) },
    ]);
  });

  it('bears with a sender that moves the timestamp within a press', () => {
    const packets = press('4', 8000, 5).map((packet, index) => ({
      ...packet,
      timestamp: packet.timestamp + index * 160,
    }));
    assert.deepEqual(ended(receive([...packets, ...press('4', 12_000)])), ['4', 100, '4', 100]);
  });

  it('tells keys apart that share a timestamp', () => {
    const second = press('2', 8000).map((packet) => ({ ...packet, atMs: packet.atMs + 300 }));
    assert.equal(started(receive([...press('1', 8000), ...second])), '12');
  });

  it('goes on across the wrap of the timestamp, a new source and a restart', () => {
    const wrap = [...press('1', 2 ** 32 - 400, 5, 0), ...press('2', 1200, 5, 200)];
    assert.equal(started(receive(wrap)), '12');
    const source = press('1', 8000, 5, 400).map((packet) => ({ ...packet, ssrc: 2 }));
    assert.equal(started(receive([...press('1', 8000, 5, 0), ...source])), '11');
    assert.equal(started(receive([...press('1', 900_000, 5, 0), ...press('2', 100, 5, 400)])), '12');
  });

  it('pairs each start with one end, whatever comes', () => {
    const packet = fc.record({
      event: fc.integer({ min: 0, max: 17 }),
      timestamp: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      duration: fc.integer({ min: 0, max: 0xffff }),
      end: fc.boolean(),
      marker: fc.boolean(),
      ssrc: fc.integer({ min: 1, max: 2 }),
      waitMs: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(packet), (packets) => {
        let atMs = 0;
        const timed = packets.map(({ waitMs, ...rest }) => {
          atMs += waitMs;
          return { ...rest, atMs };
        });
        const signals = receive(timed);
        assert.equal(signals.length % 2, 0);
        for (let i = 0; i < signals.length; i += 2) {
          assert.deepEqual([signals[i]!.kind, signals[i + 1]!.kind], ['start', 'end']);
          assert.equal(signals[i]!.digit, signals[i + 1]!.digit);
        }
      }),
    );
  });
});

describe('DigitSender', () => {
  interface Step {
    readonly tick: number;
    readonly marker: boolean;
    readonly timestamp: number;
    readonly payload: string;
  }

  function send(
    digits: string,
    options = {},
    clockRateAt: (tick: number) => number | undefined = () => undefined,
  ): { packets: Step[]; ticks: number } {
    const sender = new DigitSender(digits, options);
    const packets: Step[] = [];
    for (let tick = 0; tick < 10_000; tick++) {
      const step = sender.step(tick * 160, clockRateAt(tick));
      if (step === 'done') return { packets, ticks: tick };
      const { marker, timestamp } = sender;
      if (step === 'packet')
        packets.push({ tick, marker, timestamp, payload: Buffer.from(sender.payload).toString('hex') });
    }
    throw new Error('the sender does not end');
  }

  it('sends updates each tick, and the end three times, all with the first timestamp', () => {
    const { packets } = send('5', { durationMs: 160 });
    assert.deepEqual(
      packets.map(({ payload }) => payload),
      [
        '0a00a0',
        '0a0140',
        '0a01e0',
        '0a0280',
        '0a0320',
        '0a03c0',
        '0a0460',
        '8a0500',
        '8a0500',
        '8a0500',
      ].map((rest) => `05${rest}`),
    );
    assert.deepEqual(
      packets.map(({ marker }) => marker),
      [true, ...Array.from({ length: 9 }, () => false)],
    );
    assert.ok(packets.every(({ timestamp }) => timestamp === 0));
  });

  it('leaves the gap between keys, and the pauses of w and W', () => {
    const starts = (digits: string) =>
      send(digits).packets.flatMap(({ marker, tick }) => (marker ? [tick] : []));
    // 250 and 50 ms, in ticks of 20.
    assert.deepEqual(starts('12'), [0, 13 + 3]);
    assert.deepEqual(starts('w1'), [25]);
    assert.deepEqual(starts('1W2'), [0, 16 + 50]);
    assert.deepEqual(starts('ww'), []);
    assert.equal(send('ww').ticks, 50);
    assert.equal(send('1').ticks, 16);
    assert.equal(send('').ticks, 0);
  });

  it('takes other lengths and clock rates', () => {
    const { packets } = send('*', { durationMs: 40 }, () => 48_000);
    assert.deepEqual(
      packets.map(({ payload }) => payload),
      ['0a0a03c0', '0a8a0780', '0a8a0780', '0a8a0780'],
    );
    assert.equal(send('*', { durationMs: 1 }).packets.length, 3);
  });

  it('keeps the clock of a key that is down, and takes another one with the next', () => {
    const { packets } = send('1W2', { durationMs: 40 }, (tick) => (tick === 0 ? 8000 : 48_000));
    assert.deepEqual(
      packets.map(({ payload }) => payload),
      ['010a00a0', '018a0140', '018a0140', '018a0140', '020a03c0', '028a0780', '028a0780', '028a0780'],
    );
  });

  it('is understood by the receiver, key for key', () => {
    const keys = fc.array(fc.constantFrom(...'0123456789ABCD*#abcdwW'), { maxLength: 12 });
    fc.assert(
      fc.property(keys, (typed) => {
        const digits = typed.join('');
        const packets = send(digits).packets.map(({ tick, marker, timestamp, payload }): EventPacket => {
          const bytes = Buffer.from(payload, 'hex');
          const end = (bytes[1]! & 0x80) !== 0;
          return {
            event: bytes[0]!,
            end,
            duration: bytes.readUInt16BE(2),
            marker,
            timestamp,
            atMs: tick * 20,
          };
        });
        const expected = digits.replace(/w/gi, '').toUpperCase();
        assert.deepEqual(
          ended(receive(packets)),
          [...expected].flatMap((digit) => [digit, 260]),
        );
      }),
    );
  });

  it('refuses other characters by name and place', () => {
    assert.throws(() => new DigitSender('12x'), /'x' at position 3 is no key/);
  });
});
