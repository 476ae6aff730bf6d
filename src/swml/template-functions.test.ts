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

function cases(rule: string, rows: readonly (readonly [text: string, expanded: string])[]): void {
  for (const [text, expanded] of rows) {
    test(`${rule}: ${text} becomes ${expanded}`, () => {
      assert.equal(expand(text).text, expanded);
    });
  }
}

cases('document.md 4.5, lc: lower case', [
  ['${lc:args.x}', 'abc d/é'],
  ['%{lc:args.x}', 'abc d/é'],
  ['Dear ${lc:args.x}!', 'Dear abc d/é!'],
  ['${lc:missing}', ''],
]);

cases('document.md 4.5, enc:url: percent-encodes', [
  ['${enc:url:args.x}', 'ABC%20d%2F%C3%A9'],
  ['${enc:args.x}', 'ABC%20d%2F%C3%A9'],
  ['${enc:url:n}', '5'],
]);

cases('document.md 4.5, chain: left to right', [
  ['${lc:enc:url:args.x}', 'abc%20d%2F%C3%A9'],
  ['${enc:url:lc:args.x}', 'abc%20d%2f%c3%a9'],
]);

cases('document.md 4.1, nested placeholders: in template functions only', [
  ['${map.${lc:args.key}}', 'nested'],
  ['@{echo ${args.key}}', 'K'],
  ['@{separate @{echo ab}}', 'a b'],
]);

cases('document.md 4.5, strftime_tz: the current time in a zone', [
  ['@{strftime_tz UTC %Y-%m-%d %H:%M:%S}', '2026-07-04 15:05:09'],
  ['@{strftime_tz America/New_York %A, %B %e, %I:%M %p %z}', 'Saturday, July  4, 11:05 AM -0400'],
  ['@{strftime_tz America/New_York %Z}', 'EDT'],
  ['@{strftime_tz Asia/Kolkata %F %T %j %%}', '2026-07-04 20:35:09 185 %'],
  ['@{strftime_tz Asia/Tokyo %a %d %b %y %R %D}', 'Sun 05 Jul 26 00:05 07/05/26'],
  ['@{strftime_tz UTC %-d %-m %-I %l %k %P %r}', '4 7 3  3 15 pm 03:05:09 PM'],
  ['@{strftime_tz UTC %C %g %G %V %u %w %U %W %h %s}', '20 26 2026 27 6 6 26 26 Jul 1783177509'],
  ['@{strftime_tz UTC %c|%x|%X|%n|%t|}', 'Sat Jul  4 15:05:09 2026|07/04/26|15:05:09|\n|\t|'],
  ['@{strftime_tz UTC %Q %}', '%Q %'],
  ['@{strftime_tz Nowhere/Land %Y}', '@{strftime_tz Nowhere/Land %Y}'],
  ['@{strftime_tz UTC}', '@{strftime_tz UTC}'],
]);

cases('document.md 4.5, fmt_ph: telephone numbers', [
  ['@{fmt_ph +15555550100}', '(555) 555-0100'],
  ['@{fmt_ph national +15555550100}', '(555) 555-0100'],
  ['@{fmt_ph international 15555550100}', '+1 555 555 0100'],
  ['@{fmt_ph RFC3966 (555) 555-0100}', 'tel:+1-555-555-0100'],
  ['@{fmt_ph e164 555.555.0100}', '+15555550100'],
  ['@{fmt_ph national:sep:- +15555550100}', '555-555-0100'],
  ['@{fmt_ph international:sep:. +15555550100}', '+1.555.555.0100'],
  ['@{fmt_ph e164 +4930123456}', '+4930123456'],
  ['@{fmt_ph national +4930123456}', '030 123456'],
  ['@{fmt_ph international +442079460000}', '+44 20 7946 0000'],
  ['@{fmt_ph RFC3966 +33123456789}', 'tel:+33-1-23-45-67-89'],
  ['@{fmt_ph national nobody}', '@{fmt_ph national nobody}'],
  ['@{fmt_ph 12}', '@{fmt_ph 12}'],
  ['@{fmt_ph }', '@{fmt_ph }'],
]);

cases('document.md 4.5, expr: arithmetic on literals only', [
  ['@{expr (1+2)/3}', '1'],
  ['@{expr (1+2)/4}', '0.75'],
  ['@{expr ${n} * 2}', '10'],
  ['@{expr -3 - -2}', '-1'],
  ['@{expr 1/0}', '@{expr 1/0}'],
  ['@{expr 2 ** 3}', '@{expr 2 ** 3}'],
  ['@{expr n + 1}', '@{expr n + 1}'],
  ['@{expr alert(1)}', '@{expr alert(1)}'],
]);

cases('document.md 4.5, echo: identity', [
  ['@{echo hello there}', 'hello there'],
  ['@{echo}', ''],
  ['@{echo open', '@{echo open'],
]);

cases('document.md 4.5, separate: a blank between characters', [
  ['@{separate 1234}', '1 2 3 4'],
  ['@{separate é😀x}', 'é 😀 x'],
]);

cases('a form that is unknown or malformed stays as it is', [
  ['${args.x}', 'ABC d/é'],
  ['${missing}', ''],
  ['${not a path}', '${not a path}'],
  ['@{unknown x}', '@{unknown x}'],
  ['@{constructor x}', '@{constructor x}'],
  ['@{}', '@{}'],
]);

test('document.md 4.5, sleep: leaves no text and tells how long to wait, a minute at most', () => {
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
