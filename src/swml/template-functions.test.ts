import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluateArithmetic } from './arithmetic.ts';
import type { JsonValue } from './json.ts';
import { member } from './json.ts';
import { expandTemplate } from './template-functions.ts';

const VALUES: JsonValue = { args: { x: 'ABC d/é', key: 'K' }, map: { k: 'nested' }, n: 5 };
const NOW = Date.UTC(2026, 6, 4, 15, 5, 9);

function expand(text: string) {
  return expandTemplate(text, {
    lookup: (path) => path.reduce<JsonValue | undefined>((value, key) => member(value, key), VALUES),
    now: () => NOW,
  });
}

const CASES: readonly [text: string, expanded: string][] = [
  ['${args.x}', 'ABC d/é'],
  ['${lc:args.x}', 'abc d/é'],
  ['%{lc:args.x}', 'abc d/é'],
  ['${enc:url:args.x}', 'ABC%20d%2F%C3%A9'],
  ['${enc:args.x}', 'ABC%20d%2F%C3%A9'],
  ['${lc:enc:url:args.x}', 'abc%20d%2F%C3%A9'],
  ['${enc:url:lc:args.x}', 'abc%20d%2f%c3%a9'],
  ['${map.${lc:args.key}}', 'nested'],
  ['${missing}', ''],
  ['${not a path}', '${not a path}'],
  ['@{echo hello there}', 'hello there'],
  ['@{separate 1234}', '1 2 3 4'],
  ['@{expr (1+2)/4}', '0.75'],
  ['@{expr ${n} * 2}', '10'],
  ['@{expr 1/0}', '@{expr 1/0}'],
  ['@{expr alert(1)}', '@{expr alert(1)}'],
  ['@{strftime_tz UTC %Y-%m-%d %H:%M:%S}', '2026-07-04 15:05:09'],
  ['@{strftime_tz America/New_York %A, %B %e, %I:%M %p %z}', 'Saturday, July  4, 11:05 AM -0400'],
  ['@{strftime_tz Asia/Kolkata %F %T %j %%}', '2026-07-04 20:35:09 185 %'],
  ['@{strftime_tz Nowhere/Land %Y}', '@{strftime_tz Nowhere/Land %Y}'],
  ['@{fmt_ph +15555550100}', '(555) 555-0100'],
  ['@{fmt_ph national +15555550100}', '(555) 555-0100'],
  ['@{fmt_ph international 15555550100}', '+1 555 555 0100'],
  ['@{fmt_ph RFC3966 (555) 555-0100}', 'tel:+1-555-555-0100'],
  ['@{fmt_ph e164 555.555.0100}', '+15555550100'],
  ['@{fmt_ph national:sep:- +15555550100}', '555-555-0100'],
  ['@{fmt_ph e164 +4930123456}', '+4930123456'],
  ['@{fmt_ph national nobody}', '@{fmt_ph national nobody}'],
  ['@{unknown x}', '@{unknown x}'],
  ['@{echo open', '@{echo open'],
];

for (const [text, expanded] of CASES) {
  test(`${text} becomes ${expanded}`, () => {
    assert.equal(expand(text).text, expanded);
  });
}

test('@{sleep n} leaves no text and tells how long to wait, a minute at most', () => {
  assert.deepEqual(expand('a@{sleep 2}b@{sleep 1.5}'), { text: 'ab', sleepSeconds: 3.5 });
  assert.equal(expand('@{sleep 1e9}').sleepSeconds, 60);
  assert.deepEqual(expand('@{sleep soon}'), { text: '@{sleep soon}', sleepSeconds: 0 });
});

test('property: arithmetic is that of numbers, with the usual precedence', () => {
  const tree = fc.letrec<{ expr: string }>((tie) => ({
    expr: fc.oneof(
      { maxDepth: 4 },
      fc.nat(100).map(String),
      fc
        .tuple(tie('expr'), fc.constantFrom('+', '-', '*', '/'), tie('expr'))
        .map(([a, op, b]) => `${a} ${op} ${b}`),
      tie('expr').map((inner) => `(${inner})`),
    ),
  })).expr;
  fc.assert(
    fc.property(tree, (text) => {
      // biome-ignore lint/security/noGlobalEval: the oracle; the text is made of digits and operators alone
      const wanted = globalThis.eval(text) as number;
      assert.equal(evaluateArithmetic(text), Number.isFinite(wanted) ? wanted : undefined);
    }),
  );
});

for (const text of [
  '',
  '(',
  '1 +',
  '1 2',
  '((1)',
  '1)',
  'x',
  '2 ** 3',
  `${'('.repeat(100)}1${')'.repeat(100)}`,
  '1'.repeat(2_000),
]) {
  test(`${text.slice(0, 20)} is no arithmetic`, () => {
    assert.equal(evaluateArithmetic(text), undefined);
  });
}
