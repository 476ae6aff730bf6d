import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealClock } from '../time/real-clock.ts';
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
const clock = new RealClock();
/** Every look at the clock takes 5 ms, so that what the tests measure does not depend on the machine. */
let looks = 0;
const MOMENT = { now: () => NOON, elapsed: () => looks++ * 5 };
/** For code in which the clock is rarely looked at. */
const REAL = { now: () => NOON, elapsed: () => clock.monotonic() };
const expressions = await loadExpressions();

function evaluate(source: string, scope = SCOPE, moment = MOMENT): JsonValue | undefined {
  return expressions.evaluate(source, scope, moment);
}

const VALUES: readonly [source: string, value: JsonValue | undefined][] = [
  ['1 + 1', 2],
  ['call.type == "sip" && vars.a > 0', true],
  ['params.n * 10', 50],
  ['a + 1', 2],
  ['both', 'vars'],
  ['region', 'eu'],
  ['type', 'envs'],
  ['from', 'sip:ann@example.com'],
  ['n', undefined],
  ['vars.nested.deep.z', 1],
  ['"a" in vars', true],
  ['"b" in vars', false],
  ['Object.keys(params)', ['n']],
  ['JSON.stringify(call)', '{"type":"sip","from":"sip:ann@example.com","both":"call"}'],
  ['vars.hasOwnProperty("a")', true],
  ['unset', undefined],
  ['typeof unset', 'undefined'],
  ['unset === undefined', true],
  ['Math', 'mine'],
  ['(1.5).toFixed(2)', '1.50'],
  ['parseInt("12px")', 12],
  ['list.length', 3],
  ['list.toSorted().join("-")', '1-2-3'],
  ['list.reduce((a, b) => a + b)', 6],
  ['list.map((x) => x * 2).includes(6)', true],
  ['[1, [2, [3]]].flat()', [1, 2, [3]]],
  ['[1].concat([2], 3)', [1, 2, 3]],
  ['[NaN].includes(NaN)', true],
  ['[3, 1, undefined].sort()', [1, 3, null]],
  ['["b", "a"].sort((x, y) => x < y ? -1 : 1)', ['a', 'b']],
  ['"a-b".split("-")', ['a', 'b']],
  ['"a.b".replace(/\\./g, "-")', 'a-b'],
  ['"aXbX".replaceAll("X", "")', 'ab'],
  ['text ?? "none"', 'x'],
  ['nested?.no?.where', undefined],
  ['`${text}!`', 'x!'],
  ['Object.fromEntries([["k", 1]])', { k: 1 }],
  ['new Set(list).size', 3],
  ['encodeURIComponent("é")', '%C3%A9'],
  ['{a: 1}', { a: 1 }],
  ['a // comment', 1],
  ['"\\ud83d\\ude00 \\0"', '😀 \0'],
  ['"\\ud83d"', '\ud83d'],
  ['new Date().toISOString()', '2026-01-01T12:00:00.000Z'],
  ['Date.now()', NOON],
  ['new Date(0).getTime()', 0],
  ['undefined', undefined],
  ['null', null],
  ['(() => 1)', undefined],
];

for (const [source, value] of VALUES) {
  test(`${source} is ${JSON.stringify(value)}`, () => {
    const found = evaluate(source);
    assert.deepEqual(found, value);
  });
}

test('assignments have no effect outside the expression', () => {
  evaluate('vars.a = 9');
  evaluate('(vars.list.push(4), list.sort())');
  evaluate('a = 7');
  evaluate('delete vars.a');
  assert.deepEqual([evaluate('a'), evaluate('list'), SCOPE.vars['list']], [1, [3, 1, 2], [3, 1, 2]]);
});

for (const [title, source, message] of [
  ['a syntax error', '1 +', /SyntaxError/],
  ['an exception', 'null.x', /TypeError/],
  ['a statement', 'return 1', /SyntaxError/],
  ['a throw', 'throw 1', /SyntaxError/],
  ['two expressions made one by their brackets', '1), (2', /SyntaxError/],
  ['code that leaves its brackets', '1); evil(); (2', /SyntaxError/],
  ['a big integer', '10n', /Big integers/],
  ['more than 1,024 characters', `"${'x'.repeat(1_023)}"`, /1024 characters/],
  ['a result of more than a mebibyte', '"z".repeat(2e6)', /too large/],
] as const) {
  test(`${title} is an error`, () => {
    assert.throws(
      () => evaluate(source),
      (error) => error instanceof ExpressionError && message.test(error.message),
    );
  });
}

test('exactly 1,024 characters are allowed', () => {
  assert.equal(evaluate(`"${'x'.repeat(1_022)}"`), 'x'.repeat(1_022));
});

const HUGE = '(a => { a.length = 4294967295; return a })([])';
const DEEP = '(() => { let d = []; for (let i = 0; i < 1e4; i++) d = [d]; return d })()';

/** Each must end within the limits: an error or a harmless value, never a stalled or poisoned process. */
const ESCAPES: readonly [title: string, source: string, ends: RegExp | JsonValue | undefined][] = [
  ['the global object', 'globalThis', undefined],
  ['process', 'typeof process', 'undefined'],
  ['require', 'typeof require', 'undefined'],
  ['this', '(function () { return Object.keys(this) })()', []],
  ['the scope of the sandbox', 'typeof scope + typeof read + typeof names', 'undefinedundefinedundefined'],
  ['eval', 'eval("1")', /not a function/],
  ['Function', 'Function("return 1")()', /not a function/],
  ['the constructor of functions', '(() => {}).constructor("return 1")()', /not available/],
  ['the constructor of generators', '(function* () {}).constructor("1")', /not available/],
  ['the constructor of async functions', '(async () => {}).constructor("1")', /not available/],
  ['a constructor through an array', '[].constructor.constructor("return 1")()', /not available/],
  ['Proxy and Reflect', 'typeof Proxy + typeof Reflect', 'undefinedundefined'],
  ['shared memory', 'typeof SharedArrayBuffer + typeof Atomics', 'undefinedundefined'],
  ['a new property of Array.prototype', '(Array.prototype.leak = 1, [].leak)', undefined],
  ['a new property of Object.prototype', '(Object.prototype.leak = 1, ({}).leak)', undefined],
  ['a new property of Math', '((m) => { m.leak = 1; return m.leak })(JSON)', undefined],
  ['a built-in replaced', '(JSON.parse = 1, typeof JSON.parse)', 'function'],
  ['a property of the global object', '(function () { this.leak = 1 }).call(null), typeof leak', 'undefined'],
  ['Object.defineProperty', 'Object.defineProperty([], "x", {})', /not a function/],
  ['__proto__', '[].__proto__', undefined],
  ['__proto__ of a scope', 'vars.__proto__', undefined],
  ['an endless loop', '(() => { for (;;); })()', /150 ms/],
  [
    'an endless loop in a finally',
    '(() => { for (;;) { try { for (;;); } finally { continue } } })()',
    /150 ms/,
  ],
  ['an endless regular expression', '/(a+)+$/.test("a".repeat(40) + "b")', /150 ms/],
  ['an endless getter of the result', '({ get x() { for (;;); } })', /150 ms/],
  ['an endless toJSON', '({ toJSON() { for (;;); } })', /150 ms/],
  ['an endless message of an error', '(() => { throw { get message() { for (;;); } } })()', /Error/],
  ['an endless iterator of a set', `new Set(${HUGE})`, /150 ms/],
  ['indexOf over a huge hole', `${HUGE}.indexOf(1)`, /10000 elements/],
  ['forEach over a huge hole', `${HUGE}.forEach(Boolean)`, /10000 elements/],
  ['join over a huge hole', `${HUGE} + ""`, /10000 elements/],
  ['concat of a huge hole', `[].concat(${HUGE})`, /10000 elements/],
  ['flat of a huge hole', `[${HUGE}].flat()`, /10000 elements/],
  ['freezing a huge hole', `Object.freeze(${HUGE})`, /10000 elements/],
  ['a huge list of names for JSON', `JSON.stringify({}, ${HUGE})`, /10000 elements/],
  [
    'an array that lies about its length',
    'Array.prototype.indexOf.call({ length: 2 ** 50 }, 1)',
    /arrays only/,
  ],
  ['dropping from a huge iterator', `${HUGE}.values().drop(1e9)`, /not a function/],
  ['String.raw over a length', 'String.raw({ raw: { length: 1e15 } })', /not a function/],
  [
    'union with a huge set',
    `new Set([1]).union({ size: 1, has: Boolean, keys: () => ${HUGE}.values() })`,
    /not a function/,
  ],
  ['a quadratic search', '"a".repeat(3e6).indexOf("a".repeat(1e6) + "b")', /too long to search/],
  ['a quadratic split', '"a".repeat(3e6).split("a".repeat(1e6) + "b")', /too long to search/],
  ['a huge text', '"x".repeat(1e9)', /memory/],
  ['a huge array', 'Array.from({ length: 1e9 })', /memory/],
  ['a spread of a huge hole', `Math.max(...${HUGE})`, /memory/],
  ['endless recursion', '(function f() { f() })()', /stack overflow/],
  ['deep values as JSON', `JSON.stringify(${DEEP})`, /stack overflow|deeply/],
  ['deep values as text', `String(${DEEP})`, /stack overflow|deeply/],
  ['a deep result', DEEP, /stack overflow|deeply/],
  ['deep JSON', 'JSON.parse("[".repeat(1e5))', /stack overflow|deeply/],
  ['deep brackets', `${'('.repeat(500)}1${')'.repeat(500)}`, 1],
  ['deep groups of a regular expression', 'new RegExp("(".repeat(1e5))', /captures/],
  ['work left for later', '(async () => { for (;;) await 1 })()', {}],
  ['a module', 'import("node:fs")', {}],
];

for (const [title, source, ends] of ESCAPES) {
  test(`escape by ${title} fails`, () => {
    if (ends instanceof RegExp) {
      assert.throws(
        () => evaluate(source),
        (error) => error instanceof ExpressionError && ends.test(error.message),
      );
    } else {
      assert.deepEqual(evaluate(source), ends);
    }
    assert.equal(evaluate('1 + vars.a'), 2, 'the next expression works');
  });
}

test('comparing long texts often ends at the limit of time', () => {
  const source = 'Array(1e4).fill("a".repeat(1e6)).includes("a".repeat(999999) + "b")';
  assert.throws(() => evaluate(source, SCOPE, REAL), /150 ms/);
});

test('nothing of one expression is left for the next', () => {
  evaluate('(Array.prototype.map = 1, Object.leak = 1, Date.leak = 1, Math.x = 1, 1)');
  assert.equal(
    evaluate('typeof [].map + typeof Object.leak + typeof Date.leak'),
    'functionundefinedundefined',
  );
});

test('two scripts see their own variables only', () => {
  const other = { ...SCOPE, vars: { b: 2 } };
  assert.deepEqual(
    [evaluate('a'), evaluate('a', other), evaluate('b', other), evaluate('b')],
    [1, undefined, 2, undefined],
  );
});

test('memory is given back: many large expressions in a row work', () => {
  const vars = { big: 'y'.repeat(500_000) };
  for (let turn = 0; turn < 100; turn++)
    assert.equal(evaluate(`big.length + ${turn}`, { ...SCOPE, vars }), 500_000 + turn);
});
