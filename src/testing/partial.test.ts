import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, compareKeys, matches, readExpression, readRange } from './partial.ts';

test('an object may hold more than its pattern, at any depth', () => {
  const value = { event_type: 'x', params: { state: 'finished', record: { audio: { stereo: false } } } };
  assert.ok(matches(value, { params: { state: 'finished', record: { audio: {} } } }));
  assert.deepEqual(compare(value, { params: { state: 'error', missing: 1 } }), [
    { path: 'params.state', expected: '"error"', found: '"finished"' },
    { path: 'params.missing', expected: '1', found: 'nothing' },
  ]);
});

test('a list must be as long as its pattern', () => {
  assert.deepEqual(compare({ list: [1, 2, 3] }, { list: [1, 5] }), [
    { path: 'list[1]', expected: '5', found: '2' },
    { path: 'list', expected: '2 items', found: '3' },
  ]);
  assert.deepEqual(compare('text', [1]), [{ path: '', expected: '[1]', found: '"text"' }]);
});

test('texts may be written as expressions, numbers as ranges, and a star is anything that is there', () => {
  const cases: readonly (readonly [unknown, unknown, boolean])[] = [
    ['Monday morning', '/^monday/i', true],
    ['Monday', '/^monday/', false],
    ['Monday', /day$/, true],
    [42, /^42$/, true],
    [1.9, '1.85 .. 1.95', true],
    [2, '1.85..1.95', false],
    [3, '>= 3', true],
    [3, '> 3', false],
    [-40, '< -30', true],
    ['3', '>= 3', false],
    [null, '*', true],
    [undefined, '*', false],
    [undefined, '/./', false],
    [undefined, /^(?!error)/, false],
    ['>= 3', '>= 3', true],
    [0, 0, true],
    [-0, 0, true],
    [false, 'false', false],
  ];
  for (const [value, pattern, expected] of cases) {
    assert.equal(matches(value, pattern), expected, `${String(value)} against ${String(pattern)}`);
  }
});

test('a number that is none is called so, not null', () => {
  assert.deepEqual(compare(Number.NaN, null), [{ path: '', expected: 'null', found: 'NaN' }]);
  assert.ok(matches(Number.NaN, '/^NaN$/'));
  assert.ok(!matches(Number.NaN, '/null/'));
});

test('of keys, a star is the key', () => {
  assert.deepEqual(compareKeys('*', '*'), []);
  assert.deepEqual(compareKeys('#', '*', '[0].terminator'), [
    { path: '[0].terminator', expected: '"*"', found: '"#"' },
  ]);
  assert.deepEqual(compareKeys(undefined, '*'), [{ path: '', expected: '"*"', found: 'nothing' }]);
  assert.deepEqual(compareKeys('12#', '/^12/'), []);
});

test('what is no expression or range is a plain text', () => {
  assert.equal(readExpression('/unclosed('), undefined);
  assert.equal(readExpression('/a(/'), undefined);
  assert.equal(readRange('three'), undefined);
  assert.ok(matches('/a(/', '/a(/'));
});
