import assert from 'node:assert/strict';
import test from 'node:test';

import { numberBetween, parseHostPort, parsePort, wholeBetween } from './values.ts';

const MISSING = { host: '0.0.0.0', port: 5060 };

test('An address may leave out its host or its port, and IPv6 stands in brackets when a port follows', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['127.0.0.1:5070', '127.0.0.1', 5070],
    ['127.0.0.1', '127.0.0.1', 5060],
    [':5070', '0.0.0.0', 5070],
    ['5070', '0.0.0.0', 5070],
    ['[::1]:5070', '::1', 5070],
    ['[::1]', '::1', 5060],
    ['::1', '::1', 5060],
    ['localhost:0', 'localhost', 0],
  ];
  for (const [text, host, port] of cases)
    assert.deepEqual(parseHostPort(text, MISSING), { host, port }, text);
});

test('What is no address is refused with an example of one', () => {
  for (const text of [
    '',
    'a:b:c',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '1.2.3:5060',
    '[x]:1',
    'sip:1.2.3.4',
  ]) {
    assert.throws(() => parseHostPort(text, MISSING), { code: 'commander.invalidArgument' }, text);
  }
  assert.throws(() => parseHostPort('a b', MISSING), /write HOST:PORT, for example 127\.0\.0\.1:5060/);
});

test('Ports are whole numbers up to 65535', () => {
  assert.equal(parsePort('65535'), 65_535);
  for (const text of ['65536', '1e3', ' 1', '0x10', ''])
    assert.throws(() => parsePort(text), /no port/, text);
});

test('A number outside its limits is refused with the limits', () => {
  const percent = numberBetween(0, 100, '%');
  assert.equal(percent('2.5'), 2.5);
  for (const text of ['-1', '101', 'x', '', 'NaN']) assert.throws(() => percent(text), /0 to 100 %/, text);
});

test('What is counted is a whole number', () => {
  const rows = wholeBetween(1, 1000, 'rows');
  assert.equal(rows('20'), 20);
  assert.throws(() => rows('2.5'), /a whole number of rows/);
  assert.throws(() => rows('0'), /1 to 1000 rows/);
});
