import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { type Baseline, compare, describeComparison, RATIOS, ratiosOf } from '../../bench/compare.ts';
import { describeFigures, type Figures, hasFailed, medians } from '../../bench/figures.ts';
import { nameOfLoad, parseOptions } from '../../bench/options.ts';

const FIGURES: Figures = {
  load: '200 calls, silence sent back',
  calls: 200,
  answered: 200,
  files: 199,
  right: 198,
  exact: 190,
  answerMedianMs: 3,
  answerP99Ms: 20,
  cpuPercent: 0.12,
  floorPercent: 0.04,
  ratio: 3,
  setupCpuMs: 0,
  residentMb: 400,
  mbPerCall: 0.25,
  gapP99Ms: 22,
  gapP999Ms: 30,
  latenessP99Ms: 2,
};

test('a run is kept as multiples of its bare receiver and shares of its calls, without what was not measured', () => {
  assert.deepEqual(ratiosOf(FIGURES), {
    cpu: 3,
    memory: 0.25,
    gap: 1.5,
    answered: 1,
    right: 0.99,
    exact: 0.95,
  });
  // 0.04 % of a core is 8 µs for each packet.
  const setups = ratiosOf({ ...FIGURES, ratio: 0, setupCpuMs: 2, gapP999Ms: 0, right: 0, exact: 0 });
  assert.deepEqual(setups, { setup: 250, memory: 0.25, answered: 1 });
});

test('a machine of half the speed gives the same ratios', () => {
  const slow = { ...FIGURES, cpuPercent: 0.24, floorPercent: 0.08 };
  const rows = compare(ratiosOf(slow), ratiosOf(FIGURES));
  assert.ok(rows.every(({ times, verdict }) => times === 1 && verdict === 'as before'));
});

test('what differs by more than chance is better or worse, by what is good for each', () => {
  const now = { ...FIGURES, ratio: 2.4, mbPerCall: 0.4, gapP999Ms: 33, right: 197, exact: 199 };
  const rows = compare(ratiosOf(now), ratiosOf(FIGURES));
  const verdicts = Object.fromEntries(rows.map(({ name, verdict }) => [name, verdict]));
  assert.deepEqual(verdicts, {
    cpu: 'better',
    memory: 'worse',
    gap: 'as before',
    answered: 'as before',
    right: 'worse',
    exact: 'better',
  });
  assert.equal(rows.find(({ name }) => name === 'cpu')?.times.toFixed(2), '0.80');
});

test('what falls to nothing is worse, and is told', () => {
  const now = ratiosOf({ ...FIGURES, right: 0, exact: 0 });
  assert.deepEqual([now.right, now.exact], [0, 0]);
  const rows = compare(now, ratiosOf(FIGURES)).filter(({ name }) => name === 'right' || name === 'exact');
  assert.deepEqual(
    rows.map(({ times, verdict }) => [times, verdict]),
    [
      [0, 'worse'],
      [0, 'worse'],
    ],
  );
  assert.match(describeFigures({ ...FIGURES, exact: 0 }), /with every sample right +0 files/);
  // Set-ups without media have no recordings to be right.
  assert.doesNotMatch(describeFigures({ ...FIGURES, ratio: 0, right: 0, exact: 0 }), /right/);
  const never = { machine: 'one core', version: '0.1.0', ratios: { exact: 0 } };
  assert.deepEqual(
    compare(ratiosOf({ ...FIGURES, exact: 0 }), never.ratios).map(({ verdict }) => verdict),
    ['as before'],
  );
});

test('only what both runs measured is compared, and another machine is named', () => {
  const kept = { machine: 'one core', version: '0.1.0', ratios: { cpu: 4, setup: 200 } };
  const text = describeComparison(ratiosOf(FIGURES), kept, 'two cores');
  assert.match(text, /kept on another machine \(one core\)/);
  assert.match(text, /CPU for each call, in bare receivers +3\.00 +4\.00 +× 0\.75 {2}better/);
  assert.equal(text.split('\n').length, 2);
  assert.doesNotMatch(describeComparison(ratiosOf(FIGURES), kept, 'one core'), /another machine/);
});

test('of several runs each figure is the median, of two halfway between them; what must not fail is the worst', () => {
  const [one, two] = [FIGURES, { ...FIGURES, ratio: 5, right: 190 }];
  const both = medians([one, two]);
  assert.deepEqual([both.ratio, both.right, both.load], [4, 190, FIGURES.load]);
  assert.equal(medians([one, two, { ...FIGURES, ratio: 4.5 }]).ratio, 4.5);
  assert.equal(medians([one]).ratio, 3);
});

test('a bare receiver that took no time that is seen is compared with nothing, nor kept', () => {
  const few = { ...FIGURES, floorPercent: 0, ratio: Number.POSITIVE_INFINITY };
  assert.equal('cpu' in ratiosOf(few), false);
  assert.equal('cpu' in ratiosOf({ ...few, ratio: Number.NaN }), false);
});

test('a run fails where a call or a file does, also a call that ends too early with a recording that is right', () => {
  const good = { ...FIGURES, files: 200, right: 200 };
  assert.equal(hasFailed(good, [], true), false);
  assert.equal(hasFailed(good, ['call 7: bye'], true), true);
  assert.equal(hasFailed({ ...good, answered: 199 }, [], true), true);
  assert.equal(hasFailed({ ...good, files: 199 }, [], true), true);
  assert.equal(hasFailed({ ...good, right: 199 }, [], true), true);
  // Set-ups without media record nothing that could be right.
  assert.equal(hasFailed({ ...good, right: 0 }, [], false), false);
});

test('the kept baseline is of loads with a machine, a version and ratios that are known', () => {
  const file = path.resolve(import.meta.dirname, '../../bench/baseline.json');
  const baseline = JSON.parse(readFileSync(file, 'utf8')) as Baseline;
  const loads = Object.entries(baseline);
  assert.ok(loads.length >= 3);
  assert.ok(nameOfLoad(parseOptions([])!) in baseline, 'what is measured without options is compared');
  for (const [load, { machine, version, ratios }] of loads) {
    assert.match(machine, /^\d+ cores, .+, Node v\d+/, load);
    assert.match(version, /^\d+\.\d+\.\d+/, load);
    for (const name of Object.keys(ratios)) assert.ok(name in RATIOS, `${load}: ${name}`);
  }
});
