import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionError, loadExpressions } from './expressions.ts';
import type { JsonValue } from './json.ts';
import type { Scope } from './scope.ts';

const SCOPE: Scope = {
  kind: 'calling',
  vars: { a: 1, text: 'x', list: [3, 1, 2], nested: { deep: { z: 1 } }, both: 'vars', Math: 'mine' },
  envs: { region: 'eu', both: 'envs', type: 'envs' },
  params: { n: 5 },
  subject: { type: 'sip', from: 'sip:ann@example.com', both: 'call' },
};
const NOON = Date.UTC(2026, 0, 1, 12);
const MOMENT = { now: () => NOON, elapsed: () => 0 };
const expressions = await loadExpressions();

function evaluate(source: string, scope = SCOPE): JsonValue | undefined {
  return expressions.evaluate(source, scope, MOMENT);
}

type Values = readonly (readonly [source: string, value: JsonValue | undefined])[];

function values(rule: string, rows: Values): void {
  for (const [source, value] of rows) {
    test(`${rule}: ${source} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(evaluate(source), value);
    });
  }
}

values('document.md 4.3, scope: the four scopes and bare names', [
  ['call.type == "sip" && vars.a > 0', true],
  ['params.n * 10', 50],
  ['envs.region', 'eu'],
  ['a + 1', 2],
  ['both', 'vars'],
  ['region', 'eu'],
  ['type', 'envs'],
  ['from', 'sip:ann@example.com'],
  ['n', undefined],
  ['unset', undefined],
  ['typeof unset', 'undefined'],
  ['unset === undefined', true],
  ['vars.unset', undefined],
  ['Math', 'mine'],
  ['vars.nested.deep.z', 1],
  ['"a" in vars', true],
  ['"b" in vars', false],
  ['Object.keys(params)', ['n']],
  ['Object.entries(params)', [['n', 5]]],
  ['({ ...params })', { n: 5 }],
  ['JSON.stringify(call)', '{"type":"sip","from":"sip:ann@example.com","both":"call"}'],
  ['vars.hasOwnProperty("a")', true],
  ['((v) => v?.x)(nested)', undefined],
]);

values('document.md 4.3, built-ins: those of ES2017 and later', [
  ['1 + 1', 2],
  ['(1.5).toFixed(2)', '1.50'],
  ['parseInt("12px")', 12],
  ['Boolean("")', false],
  ['Number("0x10")', 16],
  ['list.length', 3],
  ['list.reduce((a, b) => a + b)', 6],
  ['list.map((x) => x * 2).includes(6)', true],
  ['[1].concat([2], 3)', [1, 2, 3]],
  ['[NaN].includes(NaN)', true],
  ['[3, 1, undefined].sort()', [1, 3, null]],
  ['["b", "a"].sort((x, y) => x < y ? -1 : 1)', ['a', 'b']],
  ['"a-b".split("-")', ['a', 'b']],
  ['"a.b".replace(/\\./g, "-")', 'a-b'],
  ['`${text}!`', 'x!'],
  ['encodeURIComponent("é")', '%C3%A9'],
  ['{a: 1}', { a: 1 }],
  ['a // comment', 1],
  ['"\\ud83d\\ude00 \\0"', '😀 \0'],
  ['"\\ud83d"', '\ud83d'],
  ['undefined', undefined],
  ['null', null],
  ['(() => 1)', undefined],
  ['new Set(list).size', 3],
  ['"5".padStart(3, "0")', '005'],
  ['Object.values({ a: 1 })', [1]],
  ['"2026-01".match(/(?<y>\\d+)-(?<m>\\d+)/).groups.m', '01'],
  ['[1, [2, [3]]].flat()', [1, 2, [3]]],
  ['[1, [2, [3]]].flat(Infinity)', [1, 2, 3]],
  ['[1, 2].flatMap((x) => [x, x])', [1, 1, 2, 2]],
  ['Object.fromEntries([["k", 1]])', { k: 1 }],
  ['" x ".trimStart()', 'x '],
]);

values('document.md 4.3, built-ins: ES2020 and later', [
  ['nested?.no?.where', undefined],
  ['text ?? "none"', 'x'],
  ['unset ?? "none"', 'none'],
  ['[..."a1b2".matchAll(/\\d/g)].map((m) => m[0])', ['1', '2']],
  ['(2n ** 64n).toString()', '18446744073709551616'],
  ['Number(BigInt("7") * 6n)', 42],
  ['BigInt.asUintN(8, 257n) === 1n', true],
  ['typeof globalThis', 'undefined'],
  ['"aXbX".replaceAll("X", "")', 'ab'],
  ['((x) => { x ||= 5; x &&= 6; x ??= 7; return x })()', 6],
  ['1_000', 1_000],
  ['list.at(-1)', 2],
  ['"abc".at(-1)', 'c'],
  ['Object.hasOwn(params, "n")', true],
  ['(class { static #p = 4; static get p() { return this.#p } }).p', 4],
  ['new Error("a", { cause: 5 }).cause', 5],
  ['list.findLast((x) => x > 1)', 2],
  ['list.toSorted().join("-")', '1-2-3'],
  ['list.toReversed()', [2, 1, 3]],
  ['list.with(0, 9)', [9, 1, 2]],
  ['list.toSpliced(0, 1)', [1, 2]],
  ['Object.groupBy(list, (x) => (x > 1 ? "big" : "small"))', { big: [3, 2], small: [1] }],
  ['[...new Set([1, 2]).union(new Set([3]))]', [1, 2, 3]],
  ['[1, 2, 3].values().filter((x) => x > 1).toArray()', [2, 3]],
  ['"a\\ud800".isWellFormed()', false],
  ['Symbol("s").description', 's'],
  ['Reflect.ownKeys(nested)', ['deep']],
  ['new Uint8Array([1, 300])[1]', 44],
  ['new WeakMap().has({})', false],
]);

values('document.md 4.3, time: the clock of the script', [
  ['new Date().toISOString()', '2026-01-01T12:00:00.000Z'],
  ['Date.now()', NOON],
  ['new Date(0).getTime()', 0],
  ['new Date("2026-02-03T04:05:06Z").getUTCDate()', 3],
  ['Date.UTC(2026, 0, 1, 12)', NOON],
]);

values('document.md 4.3, allowed: an inline callback', [
  ['list.reduce((a, b) => a + b, 0)', 6],
  ['list.filter((x) => x > 1).length', 2],
  ['list.some(Number.isNaN)', false],
  ['"a,b".split(",").map((s) => s.toUpperCase()).join("")', 'AB'],
  ['a > 0 ? "yes" : "no"', 'yes'],
]);

test('document.md 4.3, assignment: no effect outside the expression', () => {
  evaluate('vars.a = 9');
  evaluate('(vars.list.push(4), list.sort())');
  evaluate('a = 7');
  evaluate('delete vars.a');
  assert.deepEqual([evaluate('a'), evaluate('list'), SCOPE.vars['list']], [1, [3, 1, 2], [3, 1, 2]]);
});

for (const [title, source, message] of [
  ['a syntax error', '1 +', /SyntaxError/],
  ['an exception', 'null.x', /TypeError/],
  ['an exception of its own', '(() => { throw new RangeError("mine") })()', /RangeError: mine/],
  ['a text that is thrown', '(() => { throw "mine" })()', /threw mine/],
  [
    'an object that is thrown, with no texts in it',
    '(() => { throw { name: "E", message: { toString: 1 } } })()',
    /^E: /,
  ],
  ['null that is thrown', '(() => { throw null })()', /threw null/],
  ['a statement', 'return 1', /SyntaxError/],
  ['a throw', 'throw 1', /SyntaxError/],
  ['a loop', 'for (;;) 1', /SyntaxError/],
  ['await', 'await 1', /SyntaxError/],
  ['two expressions made one by their brackets', '1), (2', /SyntaxError/],
  ['code that leaves its brackets', '1); evil(); (2', /SyntaxError/],
  ['a comment that leaves its brackets', '1 /*', /SyntaxError/],
  ['nothing at all', '', /SyntaxError/],
  ['a big integer as the result', '10n', /no JSON form/],
  ['a big integer inside the result', '[10n]', /TypeError/],
  ['a circle as the result', '((o) => { o.o = o; return o })({})', /circular/],
] as const) {
  test(`document.md 4.3, failure: ${title} is an error`, () => {
    assert.throws(
      () => evaluate(source),
      (error) => error instanceof ExpressionError && message.test(error.message),
    );
  });
}

test('document.md 4.3, length: 1,024 characters are allowed, one more is not', () => {
  assert.equal(evaluate(`"${'x'.repeat(1_022)}"`), 'x'.repeat(1_022));
  assert.throws(() => evaluate(`"${'x'.repeat(1_023)}"`), /1024 characters/);
});

test('document.md 4.3, time: 150 ms of computing, not of waiting for the processor', () => {
  let asked = 0;
  // The limit is over after the second look, but only then.
  const moment = { now: () => NOON, elapsed: () => (asked++ < 2 ? 0 : 151) };
  assert.throws(() => expressions.evaluate('(() => { for (;;); })()', SCOPE, moment), /150 ms/);
  assert.equal(asked, 3);
});

test('two scripts see their own variables only', () => {
  const other = { ...SCOPE, vars: { b: 2 } };
  assert.deepEqual(
    [evaluate('a'), evaluate('a', other), evaluate('b', other), evaluate('b')],
    [1, undefined, 2, undefined],
  );
});
