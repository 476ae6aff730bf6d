import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MachineDetector, type MachineDetectorOptions } from './machine-detector.ts';
import type { MachineRules } from './machine-rules.ts';
import { sine, speechLike, whiteNoise } from './test-signals.ts';

const RULES: MachineRules = {
  initialTimeoutMs: 4500,
  endSilenceTimeoutMs: 1000,
  machineReadyTimeoutMs: 1000,
  machineVoiceMs: 1250,
  machineWords: 6,
  detectMessageEnd: false,
  timeoutMs: 30_000,
};
const RATE = 8000;

type Piece = readonly ['silence' | 'speech' | 'tone', seconds: number, hz?: number];

/** Pieces one behind the other, over the noise of a line. */
function line(pieces: readonly Piece[], rate = RATE, seed = 1): Int16Array {
  const parts = pieces.map(([kind, seconds, hz = 0]) => {
    const count = Math.round(seconds * rate);
    if (kind === 'speech') return speechLike(count, -22, rate, seed);
    return kind === 'tone' ? sine(count, hz, -15, rate) : new Int16Array(count);
  });
  const noise = whiteNoise(
    parts.reduce((sum, part) => sum + part.length, 0),
    -62,
    seed,
  );
  let at = 0;
  for (const part of parts)
    for (const sample of part) noise[at] = Math.max(-32768, Math.min(32767, noise[at++]! + sample));
  return noise;
}

function listen(audio: Int16Array, options: Partial<MachineDetectorOptions> = {}, rate = RATE, block = 160) {
  const detector = new MachineDetector({
    sampleRate: rate,
    machine: RULES,
    fax: 'CED',
    timeoutMs: 30_000,
    ...options,
  });
  const events: string[] = [];
  for (let at = 0; at < audio.length && detector.outcome === undefined; at += block) {
    events.push(...detector.observe(audio, at, Math.min(block, audio.length - at)));
  }
  return { events, outcome: detector.outcome, beeped: detector.beeped, ms: detector.elapsedMs };
}

describe('listening to who answered', () => {
  for (const rate of [8000, 16_000]) {
    for (const seed of [1, 2, 3, 4]) {
      test(`at ${rate} Hz, voice ${seed}: "Hello?" and silence is a HUMAN, found a second after it`, () => {
        const { events, ms } = listen(
          line(
            [
              ['silence', 0.6],
              ['speech', 0.6],
              ['silence', 3],
            ],
            rate,
            seed,
          ),
          {},
          rate,
        );
        assert.deepEqual(events, ['HUMAN']);
        assert.ok(ms >= 2000 && ms <= 2600, `${ms} ms`);
      });

      test(`at ${rate} Hz, voice ${seed}: a greeting is a MACHINE, found when it is too long for a person`, () => {
        const { events, ms } = listen(
          line(
            [
              ['silence', 0.6],
              ['speech', 4],
              ['silence', 3],
            ],
            rate,
            seed,
          ),
          {},
          rate,
        );
        assert.deepEqual(events, ['MACHINE']);
        assert.ok(ms >= 1500 && ms <= 2400, `${ms} ms`);
      });
    }
  }

  test('words count over the pauses of an utterance, which are shorter than end_silence_timeout', () => {
    const phrases = Array.from({ length: 7 }, (): readonly Piece[] => [
      ['speech', 0.6],
      ['silence', 0.5],
    ]);
    const audio = line([['silence', 0.6], ...phrases.flat(), ['silence', 3]]);
    const { events, ms } = listen(audio);
    assert.deepEqual(events, ['MACHINE']);
    assert.ok(ms < 8300, `${ms} ms`);
    assert.deepEqual(listen(audio, { machine: { ...RULES, machineWords: 0 } }).events, ['HUMAN']);
  });

  test('nobody is UNKNOWN after initial_timeout', () => {
    const { events, ms } = listen(line([['silence', 8]]));
    assert.deepEqual([events, ms], [['UNKNOWN'], 4500]);
  });

  test('with detect_message_end the end of the greeting is READY', () => {
    const machine = { ...RULES, detectMessageEnd: true };
    const { events, outcome, beeped, ms } = listen(
      line([
        ['silence', 0.5],
        ['speech', 4],
        ['silence', 4],
      ]),
      { machine },
    );
    assert.deepEqual([events, outcome, beeped], [['MACHINE', 'READY'], 'MACHINE', false]);
    assert.ok(ms >= 5300 && ms <= 6000, `${ms} ms`);
  });

  for (const hz of [440, 1000, 1400]) {
    test(`with detect_message_end a beep of ${hz} Hz ends the greeting`, () => {
      const machine = { ...RULES, detectMessageEnd: true };
      const audio = line([
        ['silence', 0.5],
        ['speech', 4],
        ['silence', 0.4],
        ['tone', 0.4, hz],
        ['silence', 4],
      ]);
      const { events, outcome, beeped, ms } = listen(audio, { machine });
      assert.deepEqual([events, outcome, beeped], [['MACHINE'], 'MACHINE', true]);
      assert.ok(ms >= 5200 && ms <= 5500, `${ms} ms`);
    });
  }

  test('silence is not over while a beep sounds, though the pause and the beep are longer than the timeout', () => {
    const tail: readonly Piece[] = [
      ['silence', 0.7],
      ['tone', 0.6, 1000],
      ['silence', 3],
    ];
    const greeting = line([['silence', 0.5], ['speech', 4], ...tail]);
    const machine = { ...RULES, detectMessageEnd: true };
    const { events, beeped, ms } = listen(greeting, { machine });
    assert.deepEqual([events, beeped], [['MACHINE'], true]);
    assert.ok(ms >= 5800 && ms <= 5900, `${ms} ms`);
    // A short greeting is none of a person where a beep follows it.
    const short = listen(line([['silence', 0.5], ['speech', 0.6], ...tail]));
    assert.deepEqual([short.events, short.beeped], [['MACHINE'], true]);
  });

  test('a beep that sounds when initial_timeout is over is that of a machine', () => {
    const { events, beeped } = listen(
      line([
        ['silence', 4.3],
        ['tone', 0.5, 1000],
        ['silence', 1],
      ]),
    );
    assert.deepEqual([events, beeped], [['MACHINE'], true]);
  });

  test('a tone that is too long for a beep is silence all the same', () => {
    const machine = { ...RULES, detectMessageEnd: true };
    const audio = line([
      ['silence', 0.5],
      ['speech', 4],
      ['silence', 0.7],
      ['tone', 6, 440],
    ]);
    const { events, beeped } = listen(audio, { machine });
    assert.deepEqual([events, beeped], [['MACHINE', 'READY'], false]);
  });

  test('whoever stops to listen behind a machine knows of it, though its greeting goes on', () => {
    const machine = { ...RULES, detectMessageEnd: true };
    const detector = new MachineDetector({ sampleRate: RATE, machine, fax: 'CED', timeoutMs: 30_000 });
    assert.equal(detector.outcomeSoFar, 'UNKNOWN');
    const audio = line([
      ['silence', 0.5],
      ['speech', 4],
    ]);
    assert.deepEqual(detector.observe(audio, 0, audio.length), ['MACHINE']);
    assert.deepEqual([detector.outcome, detector.outcomeSoFar], [undefined, 'MACHINE']);
  });

  test('a fax that answers is known by its tone, whatever else is listened for; only the tone that was asked for', () => {
    const ced = line([
      ['silence', 1],
      ['tone', 3, 2100],
      ['silence', 1],
    ]);
    assert.deepEqual(listen(ced).events, ['CED']);
    assert.deepEqual(listen(ced, { machine: undefined }).events, ['CED']);
    const cng = line([
      ['silence', 1],
      ['tone', 0.5, 1100],
      ['silence', 3],
    ]);
    assert.deepEqual(listen(cng, { fax: 'CNG', machine: undefined }).events, ['CNG']);
    assert.deepEqual(listen(cng, { machine: undefined, timeoutMs: 3000 }).events, ['UNKNOWN']);
  });

  test('the size of blocks plays no part', () => {
    const audio = line([
      ['silence', 0.6],
      ['speech', 0.6],
      ['silence', 3],
    ]);
    const whole = listen(audio);
    for (const block of [1, 37, 1600]) assert.deepEqual(listen(audio, {}, RATE, block), whole);
  });
});
