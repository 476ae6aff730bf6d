import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { findLeaks } from '../../bench/soak/figures.ts';
import { chooseKind, KINDS, kindNames } from '../../bench/soak/kinds.ts';
import { OptionError } from '../../bench/command.ts';
import { parseSoakOptions } from '../../bench/soak/options.ts';
import { type Sample, trendOf } from '../../bench/soak/trend.ts';
import { seededRandom } from '../../src/media/test-signals.ts';

/** An hour of samples, one in ten seconds, with noise of up to `noise` to both sides. */
function series(value: (at: number) => number, noise: number): readonly Sample[] {
  const random = seededRandom(7);
  return Array.from({ length: 360 }, (_, n) => ({
    at: n * 10,
    value: value(n * 10) + noise * (2 * random() - 1),
  }));
}

describe('the trend of a soak', () => {
  test('a series that rises is found, with the rise within its interval', () => {
    const trend = trendOf(
      series((at) => 400 + at / 100, 20),
      { by: 'mean' },
    )!;
    assert.ok(trend.least < 35.9 && trend.most > 35.9, JSON.stringify(trend));
    assert.ok(trend.least > 25 && trend.most < 47, JSON.stringify(trend));
    assert.ok(Math.abs(trend.level - 418) < 3);
  });

  test('noise alone is no rise', () => {
    const trend = trendOf(
      series(() => 400, 40),
      { by: 'mean' },
    )!;
    assert.ok(trend.least < 0 && trend.most > 0, JSON.stringify(trend));
  });

  test('a heap that is swept again and again is told by its lowest values', () => {
    // Teeth that grow while their foot stays.
    const teeth = series((at) => 40 + ((at % 170) / 170) * (10 + at / 60), 0);
    assert.ok(trendOf(teeth, { by: 'mean' })!.least > 10);
    assert.ok(trendOf(teeth, { by: 'lowest' })!.least < 5);
  });

  test('of less than five stretches nothing is told', () => {
    assert.equal(trendOf(series((at) => at, 0).slice(0, 12), { by: 'mean' }), undefined);
    assert.equal(trendOf([], { by: 'mean' }), undefined);
    // The later half of a short soak that is looked at once a minute.
    assert.equal(trendOf([{ at: 120, value: 400 }], { by: 'mean' }), undefined);
  });
});

describe('leaks', () => {
  const held = (rise: Readonly<Record<string, number>>) =>
    series(() => 0, 0).map(({ at }) => ({
      at,
      values: { resident: 400 + ((rise['resident'] ?? 0) * at) / 3590, fdUdp: 600 + (at % 7) },
    }));
  const leaks = (...args: Parameters<typeof findLeaks>) =>
    findLeaks(...args).flatMap(({ figure, leak }) => (leak === undefined ? [] : [`${figure.key} ${leak}`]));

  test('nothing that stays level and goes back is one', () => {
    assert.deepEqual(leaks({ fdUdp: 1 }, held({}), { fdUdp: 1, 'rows.callbacks': 9000 }), []);
  });

  test('memory that rises is one from 3 % of its level on', () => {
    assert.deepEqual(leaks({}, held({ resident: 10 }), {}), []);
    assert.deepEqual(leaks({}, held({ resident: 30 }), {}), ['resident rises: by 30.0 MB at least']);
  });

  test('memory that fills and stays full is none, however much it is', () => {
    const filling = series(() => 0, 0).map(({ at }) => ({
      at,
      values: { resident: 500 + 30 * Math.min(1, at / 1500) },
    }));
    assert.deepEqual(leaks({}, filling, {}), []);
    // It goes on, and be it more slowly.
    const going = filling.map(({ at, values }) => ({ at, values: { resident: values.resident + at / 150 } }));
    assert.match(leaks({}, going, {})[0]!, /^resident rises/);
  });

  test('what is left when all calls are over is one', () => {
    assert.deepEqual(leaks({ fdUdp: 1, timers: 4 }, held({}), { fdUdp: 3, timers: 6, 'files.growing': 1 }), [
      'fdUdp 2 more than before the calls are left',
      'files.growing 1 more than before the calls are left',
    ]);
  });
});

test('callers of the soak are of every kind, by their shares', () => {
  const counts = new Map<string, number>();
  const total = kindNames().reduce((sum, name) => sum + KINDS[name].share, 0);
  for (let n = 0; n < total; n++) {
    const kind = chooseKind(kindNames(), (n + 0.5) / total);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  assert.deepEqual(
    Object.fromEntries(counts),
    Object.fromEntries(kindNames().map((n) => [n, KINDS[n].share])),
  );
});

test('wrong options of the soak are refused by name', () => {
  assert.throws(() => parseSoakOptions(['--minutes', '1']), /--minutes 1: expected a whole number from 2/);
  assert.throws(() => parseSoakOptions(['--shortest', '9', '--longest', '8']), /--longest 8/);
  assert.throws(() => parseSoakOptions(['--kinds', 'talk,walk']), /--kinds walk: expected some of talk,/);
  assert.throws(() => parseSoakOptions(['--call', '9']), OptionError);
  assert.equal(parseSoakOptions(['--help']), undefined);
  assert.deepEqual(parseSoakOptions([])?.calls, 300);
});
