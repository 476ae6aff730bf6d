import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reception } from './reception.ts';

function received(...sequences: number[]): Reception {
  const reception = new Reception(8000);
  for (const sequence of sequences) reception.accept(sequence);
  return reception;
}

describe('Reception', () => {
  it('counts what is missing between the lowest and the highest number', () => {
    const { received: got, lost } = received(10, 11, 14, 15).statistics();
    assert.deepEqual([got, lost], [4, 2]);
  });

  it('knows reordering, duplicates and jumps from one another', () => {
    const reception = received(100, 101, 105);
    assert.equal(reception.place(106), 'forward');
    assert.equal(reception.place(103), 'backward');
    assert.equal(reception.place(101), 'duplicate');
    assert.equal(reception.place(105 + 2999), 'forward');
    assert.equal(reception.place(105 + 3000), 'jump');
    assert.equal(reception.place(105 - 99 + 65536), 'backward');
    assert.equal(reception.place(5), 'jump');
    assert.equal(new Reception(8000).place(5), 'jump');
  });

  it('counts a packet that fills a gap as reordered and not as lost', () => {
    const { lost, reordered } = received(1, 2, 4, 3).statistics();
    assert.deepEqual([lost, reordered], [0, 1]);
  });

  it('takes a packet from before the first one into account', () => {
    const reception = received(0, 65_535, 1);
    assert.deepEqual([reception.expected, reception.received], [3, 3]);
  });

  it('extends the numbers by the cycles (RFC 3550 6.4.1)', () => {
    const reception = received(65_534, 65_535, 0, 1);
    assert.equal(reception.extendedHighest, 0x10001);
    assert.equal(reception.expected, 4);
    for (let i = 2; i < 70_000; i += 100) reception.accept(i & 0xffff);
    assert.equal(reception.extendedHighest, 0x10000 + 69_902);
  });

  it('begins a new count at a jump and keeps the totals', () => {
    const reception = received(1, 2, 4, 30_000, 30_001, 30_003);
    assert.deepEqual([reception.expected, reception.received], [4 + 4, 6]);
    assert.equal(reception.extendedHighest, 30_003);
  });

  it('does not take the numbers of a former source for duplicates', () => {
    const reception = received(500, 501);
    reception.forget();
    assert.equal(reception.place(501), 'jump');
    reception.accept(501);
    assert.deepEqual([reception.expected, reception.received], [3, 3]);
  });

  it('estimates jitter as in RFC 3550 A.8', () => {
    const reception = new Reception(8000);
    reception.timed(0, 0);
    reception.timed(160, 20);
    assert.equal(reception.jitter, 0);
    // 16 ms late is 128 units, of which a sixteenth counts at once; then 16 ms early again.
    reception.timed(320, 56);
    assert.equal(reception.jitter, 8);
    reception.timed(480, 60);
    assert.equal(reception.jitter, 8 + (128 - 8) / 16);
    assert.equal(reception.statistics().jitterMs, 15.5 / 8);
  });

  it('measures no jitter across a break of the timestamps, but across their wrap', () => {
    const reception = new Reception(8000);
    reception.timed(2 ** 32 - 80, 0);
    reception.timed(80, 20);
    reception.breakTiming();
    reception.timed(1_000_000, 40);
    assert.equal(reception.jitter, 0);
  });
});
