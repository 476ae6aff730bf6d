/** Attempts to get out of the sandbox, to stall it, or to leave something in it (spec/document.md 4.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionError, Expressions, loadExpressions } from './expressions.ts';
import type { JsonValue } from './json.ts';
import { loadSandboxModules } from './sandbox-module.ts';
import type { Scope } from './scope.ts';

const SCOPE: Scope = {
  kind: 'calling',
  vars: { a: 1, list: [1, 2], o: { k: 'v' }, big: 'y'.repeat(100_000) },
  envs: { secret: 's' },
  params: {},
  subject: { type: 'sip' },
};
/** Every look at the clock takes 3 ms, so that what the tests measure does not depend on the machine. */
let looks = 0;
const MOMENT = { now: () => 0, elapsed: () => looks++ * 3 };
const expressions = await loadExpressions();

function evaluate(source: string): JsonValue | undefined {
  return expressions.evaluate(source, SCOPE, MOMENT);
}

/** A title, JavaScript, and either the value that it has or what the message of its error matches. */
type Attempts = readonly (readonly [title: string, source: string, ends: RegExp | JsonValue | undefined])[];

/** Each must end in an error or a harmless value, and the next expression must work as ever. */
function attempts(rule: string, rows: Attempts): void {
  for (const [title, source, ends] of rows) {
    test(`${rule}: ${title}`, async () => {
      const before = looks;
      if (ends instanceof RegExp) {
        assert.throws(
          () => evaluate(source),
          (error) => error instanceof ExpressionError && ends.test(error.message),
        );
      } else {
        assert.deepEqual(evaluate(source), ends);
      }
      assert.ok(looks - before < 70, `${(looks - before) * 3} ms`);
      assert.deepEqual(
        evaluate('[1 + vars.a, list.map((x) => x + 1), "b" in vars, JSON.stringify(o)]'),
        [2, [2, 3], false, '{"k":"v"}'],
        'the next expression works',
      );
      // A broken-off instance is replaced in the background.
      await new Promise((resolve) => setImmediate(resolve));
    });
  }
}

const TOO_LONG = /longer than 150 ms/;
const MEMORY = /more memory/;
const NOT_THERE = /not a function|not available|cannot read property/;
const HUGE = '(a => { a.length = 4294967295; return a })([])';
const DEEP = '(() => { let d = []; for (let i = 0; i < 3e3; i++) d = [d]; return d })()';

attempts('document.md 4.3, no I/O: nothing of the host is there', [
  ['the global object', 'globalThis', undefined],
  [
    'the global object by this',
    '(function () { return this === undefined || Object.keys(this).length })()',
    0,
  ],
  [
    'names of the global object',
    '(function () { return Reflect.ownKeys(this) })()',
    ['Infinity', 'NaN', 'undefined', 'globalThis'],
  ],
  ['process', 'typeof process', 'undefined'],
  ['process behind a constructor', '[].constructor.constructor("return process")()', /not available/],
  ['require', 'typeof require', 'undefined'],
  [
    'fetch, timers and console',
    '[typeof fetch, typeof setTimeout, typeof console].join()',
    'undefined,undefined,undefined',
  ],
  ['the modules of QuickJS', '[typeof std, typeof os, typeof bjson].join()', 'undefined,undefined,undefined'],
  ['a module', 'import("node:fs")', /Asynchronous/],
  ['a module by import.meta', 'import.meta', /SyntaxError/],
  ['WebAssembly', 'typeof WebAssembly', 'undefined'],
  ['shared memory', 'typeof SharedArrayBuffer + typeof Atomics', 'undefinedundefined'],
  [
    'the variables of the sandbox',
    '[typeof scope, typeof read, typeof names, typeof global].join()',
    'undefined,undefined,undefined,undefined',
  ],
  ['a stack', '(() => { try { null.x } catch (e) { return /[/\\\\]|node|file:/.test(e.stack) } })()', false],
  [
    'frames of a stack',
    '(() => { Error.prepareStackTrace = (e, s) => s; return typeof new Error().stack })()',
    'string',
  ],
  [
    'callers of a function',
    '(() => { try { return (function f() { return f.caller })() } catch (e) { return "refused" } })() ?? null',
    null,
  ],
  [
    'the message of a fault of the host',
    '(() => { try { return vars["x".repeat(3e5)] } catch (e) { return /[/\\\\]|node/.test(e.message) } })()',
    undefined,
  ],
]);

attempts('document.md 4.3, not allowed: no code from text', [
  ['eval', 'eval("1")', NOT_THERE],
  ['indirect eval', '(0, eval)("1")', NOT_THERE],
  ['Function', 'Function("return 1")()', NOT_THERE],
  ['new Function', 'new Function("return 1")()', /not a constructor|not available|not a function/],
  ['the constructor of functions', '(() => {}).constructor("return 1")()', /not available/],
  ['the constructor of generators', '(function* () {}).constructor("1")', /not available/],
  ['the constructor of async functions', '(async () => {}).constructor("1")', /not available/],
  ['the constructor of async generators', '(async function* () {}).constructor("1")', /not available/],
  ['the constructor behind a bound function', 'Math.max.bind().constructor("return 1")()', /not available/],
  [
    'the constructor of methods of a class',
    '(class { static m() {} }).m.constructor("return 1")()',
    /not available/,
  ],
  [
    'a class that extends it',
    'new (class extends (() => {}).constructor {})("return 1")',
    /not available|not a constructor|parent/,
  ],
  [
    'Reflect.construct over it',
    'Reflect.construct((() => {}).constructor, ["return 1"])',
    /not available|not a constructor/,
  ],
  ['a getter of the prototype', 'Reflect.getPrototypeOf(() => {}).constructor("1")', /not available/],
  ['a timer with text', 'setTimeout("1", 0)', NOT_THERE],
]);

attempts('document.md 4.3, assignment: nothing is left for the next', [
  ['a new property of Array.prototype', '(Array.prototype.leak = 1, [].leak)', undefined],
  ['a new property of Object.prototype', '(Object.prototype.leak = 1, ({}).leak)', undefined],
  [
    'a new property by __proto__',
    '(() => { try { ({}).__proto__.leak = 1 } catch {} return ({}).leak })()',
    undefined,
  ],
  ['a prototype by __proto__ in JSON', '(JSON.parse(\'{"__proto__": {"leak": 1}}\'), ({}).leak)', undefined],
  [
    'a prototype by assign',
    '(Object.assign({}, JSON.parse(\'{"__proto__": {"leak": 1}}\')), ({}).leak)',
    undefined,
  ],
  ['a prototype of the prototypes', 'Object.setPrototypeOf(Object.prototype, { leak: 1 })', /TypeError/],
  ['a prototype of arrays', 'Object.setPrototypeOf(Array.prototype, { leak: 1 })', /TypeError/],
  [
    'a definition on a prototype',
    'Object.defineProperty(Array.prototype, "leak", { value: 1 })',
    /TypeError/,
  ],
  [
    'an accessor on a prototype',
    'Object.defineProperty(Object.prototype, "a", { get: () => 9 })',
    /TypeError/,
  ],
  ['a property of JSON', '((m) => { m.leak = 1; return m.leak })(JSON)', undefined],
  ['a built-in replaced', '(JSON.parse = 1, typeof JSON.parse)', 'function'],
  ['a built-in deleted', '(() => { delete Array.prototype.map; return typeof [].map })()', 'function'],
  [
    'the iterator of arrays replaced',
    '(() => { Reflect.getPrototypeOf([][Symbol.iterator]()).next = 1; return [...[1]] })()',
    [1],
  ],
  [
    'Symbol.species',
    '(() => { class A extends Array { static get [Symbol.species]() { return Array } } return new A(1, 2).map((x) => x) })()',
    [1, 2],
  ],
  [
    'Symbol.hasInstance of a built-in',
    '(() => { try { Object.defineProperty(Array, Symbol.hasInstance, { value: () => true }) } catch {} return ({}) instanceof Array })()',
    false,
  ],
  [
    'Symbol.unscopables of the scope',
    '(() => { try { vars[Symbol.unscopables] = { a: true } } catch {} return a })()',
    1,
  ],
  [
    'Symbol.toPrimitive of a scope',
    '(() => { try { vars[Symbol.toPrimitive] = () => 5 } catch {} return vars + "" })()',
    '[object Object]',
  ],
  ['a symbol that all share', 'typeof Symbol.for', 'undefined'],
  ['a property of the global object', '(function () { this.leak = 1 }).call(null), typeof leak', 'undefined'],
  ['a variable without a declaration', '(() => { leak = 1; return typeof leak })()', 'undefined'],
  ['a var of the function around it', '(() => { var leak = 1 })(), typeof leak', 'undefined'],
  [
    'a property of a regular expression',
    '(() => { const r = /a/g; r.lastIndex = 5; return (() => /a/g)().lastIndex })()',
    0,
  ],
  ['a property of a template', '(() => { const t = ((x) => x)`a`; t.leak = 1; return t.leak })()', undefined],
]);

attempts('document.md 4.3, assignment: scopes are copies', [
  ['a new variable', '(() => { vars.b = 1; return "b" in vars })()', false],
  ['a variable changed', '(vars.a = 9, vars.a)', 1],
  ['a bare name changed', '(() => { a = 9; return a })()', 1],
  ['a variable deleted', '(() => { delete vars.a; return vars.a })()', 1],
  ['a list changed in place', '(list.push(9), list.length)', 3],
  ['a definition', '(() => { Object.defineProperty(vars, "b", { value: 1 }); return "b" in vars })()', false],
  [
    'an accessor',
    '(() => { try { Object.defineProperty(vars, "a", { get: () => 9 }) } catch {} return vars.a })()',
    1,
  ],
  ['a prototype', 'Object.setPrototypeOf(vars, { b: 1 })', /TypeError/],
  ['__proto__', 'vars.__proto__', undefined],
  ['__proto__ of a value', 'o.__proto__', undefined],
  ['the constructor of a scope', 'vars.constructor.constructor("return 1")()', /not available/],
  ['a frozen scope', '(() => { try { Object.freeze(vars) } catch {} return vars.a })()', 1],
  ['a scope as a key', '({ [vars]: 1 })', { '[object Object]': 1 }],
  ['names with NUL and half a surrogate', 'vars["\\0"] ?? vars["\\ud800"] ?? null', null],
]);

attempts('document.md 4.3, time: no endless run', [
  ['a loop', '(() => { for (;;); })()', TOO_LONG],
  ['a loop in a finally', '(() => { for (;;) { try { for (;;); } finally { continue } } })()', TOO_LONG],
  ['a loop in a catch', '(() => { for (;;) { try { null.x } catch {} } })()', TOO_LONG],
  ['a generator', '[...(function* () { for (;;) yield })()]', /150 ms|memory/],
  [
    'a generator that ignores its end',
    '(() => { for (const x of (function* () { for (;;) try { yield 1 } finally { continue } })()) break })()',
    undefined,
  ],
  [
    'an iterator without end',
    'Math.max(...{ [Symbol.iterator]: () => ({ next: () => ({ value: 1 }) }) })',
    /150 ms|memory/,
  ],
  ['recursion', '(function f() { f() })()', /stack overflow/],
  [
    'recursion by getters',
    '(() => { const o = { get x() { return o.x } }; return o.x })()',
    /stack overflow/,
  ],
  [
    'recursion by toString',
    '(() => { const o = { toString: () => "" + o }; return "" + o })()',
    /stack overflow/,
  ],
  [
    'recursion of bound functions',
    '(() => { let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(); return f() })()',
    /stack overflow|deeply|memory|150 ms/,
  ],
  ['a getter of the result', '({ get x() { for (;;); } })', TOO_LONG],
  ['toJSON of the result', '({ toJSON() { for (;;); } })', TOO_LONG],
  ['the message of an error', '(() => { throw { get message() { for (;;); } } })()', /./],
  ['the name of an error', '(() => { throw { get name() { for (;;); }, message: "m" } })()', /./],
  ['an error that cannot be read', '(() => { throw { toJSON() { for (;;); } } })()', /./],
  ['work left for later', '(async () => { for (;;) await 1 })()', /Asynchronous/],
  ['work left for later beside a value', '((async () => { await 1; for (;;); })(), 1)', 1],
  ['a promise', '(async () => 1)()', /Asynchronous/],
]);

attempts('document.md 4.3, time: no long step of a built-in', [
  ['an endless regular expression', '/(a+)+$/.test("a".repeat(40) + "b")', TOO_LONG],
  [
    'nested counts of a regular expression',
    'new RegExp("((((a{1000}){1000}){1000}){1000})").test("a".repeat(1e6))',
    TOO_LONG,
  ],
  ['a look behind', '/(?<=a*)b/.test("a".repeat(3e5))', TOO_LONG],
  ['a back reference', '/(a*)*\\1\\1\\1b/.test("a".repeat(1e4))', TOO_LONG],
  [
    'a large class of characters',
    'new RegExp("[" + Array.from({ length: 3e4 }, (_, i) => String.fromCharCode(i * 2 + 300)).join("") + "]").test("a")',
    /150 ms|memory/,
  ],
  ['normalizing many marks', '("\\u0301\\u0316".repeat(2e5)).normalize("NFD").length', TOO_LONG],
  ['a quadratic search', '"a".repeat(3e6).indexOf("a".repeat(1e6) + "b")', /150 ms|memory/],
  ['a quadratic split', '"a".repeat(3e6).split("a".repeat(1e6) + "b")', /150 ms|memory/],
  [
    'many searches',
    '(() => { const b = "a".repeat(3e6); let n = 0; for (let i = 0; i < 1e5; i++) n += b.indexOf("z"); return n })()',
    TOO_LONG,
  ],
  [
    'many comparisons',
    '(() => { const b = "a".repeat(1e6), c = "a".repeat(999999) + "b"; let n = 0; for (let i = 0; i < 1e5; i++) n += b == c; return n })()',
    TOO_LONG,
  ],
  [
    'many joined texts',
    '(() => { const b = "a".repeat(1e6); let n = 0; for (let i = 0; i < 1e6; i++) n += (b + i).charCodeAt(5); return n })()',
    TOO_LONG,
  ],
  [
    'many letters changed',
    '(() => { const b = "a".repeat(1e6); let n = 0; for (let i = 0; i < 1e5; i++) n += b.toUpperCase().length; return n })()',
    TOO_LONG,
  ],
  [
    'many long names',
    '(() => { const o = {}, b = "a".repeat(1e6); let n = 0; for (let i = 0; i < 1e5; i++) n += o[b + i] === 1; return n })()',
    TOO_LONG,
  ],
  [
    'a long chain of prototypes',
    '(() => { let o = {}; for (let i = 0; i < 2e4; i++) o = Object.create(o); let n = 0; for (let i = 0; i < 1e5; i++) n += o.x === undefined; return n })()',
    TOO_LONG,
  ],
  [
    'numbers with all their digits',
    '(() => { let n = 0; for (let i = 0; i < 1e7; i++) n += (1e20 / 3).toFixed(100).length; return n })()',
    TOO_LONG,
  ],
  ['a power of big integers', '(9n ** 9n ** 7n).toString().length', /150 ms|memory|too large/],
  ['a product of big integers', '(() => { let x = 3n; for (;;) x *= x })()', /150 ms|memory|too large/],
  [
    'values that share their parts, as JSON',
    '(() => { let a = []; for (let i = 0; i < 40; i++) a = [a, a]; return JSON.stringify(a) })()',
    /150 ms|memory/,
  ],
  [
    'values that share their parts, as text',
    '(() => { let a = []; for (let i = 0; i < 40; i++) a = [a, a]; return String(a) })()',
    /150 ms|memory/,
  ],
  [
    'values that share their parts, as the result',
    '(() => { let a = []; for (let i = 0; i < 40; i++) a = [a, a]; return a })()',
    /150 ms|memory/,
  ],
  ['an iterator of a set', `new Set(${HUGE})`, /150 ms|memory/],
  ['indexOf over a huge hole', `${HUGE}.indexOf(1)`, TOO_LONG],
  ['forEach over a huge hole', `${HUGE}.forEach(Boolean)`, TOO_LONG],
  ['join over a huge hole', `${HUGE} + ""`, /150 ms|memory/],
  ['concat of a huge hole', `[].concat(${HUGE}).length`, /150 ms|memory/],
  ['flat of a huge hole', `[${HUGE}].flat()`, TOO_LONG],
  ['sorting a huge hole', `${HUGE}.sort()`, /150 ms|memory/],
  ['freezing a huge hole', `Object.freeze(${HUGE}).length`, 4_294_967_295],
  ['a huge list of names for JSON', `JSON.stringify({}, ${HUGE})`, /150 ms|memory/],
  ['an array that lies about its length', 'Array.prototype.indexOf.call({ length: 2 ** 50 }, 1)', TOO_LONG],
  ['dropping from a huge iterator', `${HUGE}.values().drop(1e9).next()`, TOO_LONG],
  ['String.raw over a length', 'String.raw({ raw: { length: 1e15 } })', TOO_LONG],
  [
    'union with a huge set',
    `new Set([1]).union({ size: 1, has: Boolean, keys: () => ${HUGE}.values() }).size`,
    /150 ms|memory/,
  ],
]);

attempts('document.md 4.3, memory: no more than 8 MiB', [
  ['a huge text', '"x".repeat(1e9)', MEMORY],
  ['a text that doubles', '(() => { let t = "x"; for (;;) t += t })()', /memory|string length|too long/],
  ['a padded text', '"x".padStart(1e9).length', /memory|length/],
  ['a huge array', 'Array.from({ length: 1e9 })', /150 ms|memory/],
  ['a filled array', 'new Array(1e8).fill(0).length', /150 ms|memory/],
  ['a spread of a huge hole', `Math.max(...${HUGE})`, /150 ms|memory|too many/],
  ['many arguments', 'Math.max(...Array(1e6).fill(1))', /150 ms|memory|too many|stack/],
  ['a typed array', 'new Uint8Array(1e9).length', MEMORY],
  ['many objects', '(() => { const a = []; for (;;) a.push({}) })()', /150 ms|memory/],
  ['many names', '(() => { const o = {}; for (let i = 0; ; i++) o["k" + i] = 1 })()', /150 ms|memory/],
  ['a list of characters', '[..."a".repeat(1e6)].length', /150 ms|memory/],
  ['a regular expression of megabytes', 'new RegExp("a".repeat(3e6)).test("b")', /150 ms|memory/],
  ['replacing by all around it', '"a".repeat(3e3).replace(/a/g, "$`$\'").length', /150 ms|memory/],
  ['big integers', '(() => { let x = 1n; for (;;) x <<= 1000000n })()', /150 ms|memory|too large/],
]);

attempts('document.md 4.3, depth: nothing overflows the host', [
  ['deep values as JSON', `JSON.stringify(${DEEP})`, /stack overflow|deeply|150 ms/],
  ['deep values as text', `String(${DEEP})`, /stack overflow|deeply/],
  ['a deep result', DEEP, /stack overflow|deeply|150 ms/],
  ['deep JSON', 'JSON.parse("[".repeat(1e5))', /stack overflow|deeply/],
  ['deep JSON of objects', 'JSON.parse(\'{"a":\'.repeat(1e5))', /stack overflow|deeply/],
  ['deep brackets', `${'('.repeat(500)}1${')'.repeat(500)}`, 1],
  ['deep lists', `${'['.repeat(500)}${']'.repeat(500)}.length`, 1],
  ['deep negation', `${'!'.repeat(1_000)}1`, true],
  ['deep groups of a regular expression', 'new RegExp("(".repeat(1e5))', /captures|stack|memory|parenthes/],
  [
    'deep groups without capture',
    'new RegExp("(?:".repeat(1e5) + ")".repeat(1e5))',
    /stack|memory|SyntaxError|deeply/,
  ],
  [
    'deep error causes',
    '(() => { let e; for (let i = 0; i < 1e4; i++) e = new Error("m", { cause: e }); throw e })()',
    /./,
  ],
]);

test('document.md 4.3, assignment: everything that expressions share is frozen', () => {
  // Fresh values are of the expression alone; what they inherit from is shared.
  const fresh =
    '[].values(),"".matchAll(/a/g),""[Symbol.iterator](),new Map().keys(),new Set().keys(),P((function*(){})()),P((async function*(){})()),[].values().map(Number),Iterator.from({next(){}}),/a/,()=>1,async()=>1,Error("e"),new Uint8Array(1),Symbol("s"),1n,"t",class{},(async()=>1)(),new WeakMap(),new DataView(new ArrayBuffer(1))';
  const names =
    'Array,BigInt,Date,Iterator,JSON,Map,Math,Number,Object,Reflect,RegExp,Set,String,Symbol,parseInt';
  const found = evaluate(
    `(() => { const P = Object.getPrototypeOf, seen = new Set(), open = [], all = [${names}]; for (const v of [${fresh}]) all.push(P(v)); while (all.length) { const v = all.pop(); if (Object(v) !== v || seen.has(v)) continue; seen.add(v); if (!Object.isFrozen(v)) open.push(v[Symbol.toStringTag] ?? v.name); all.push(P(v)); for (const k of Reflect.ownKeys(v)) { const p = Reflect.getOwnPropertyDescriptor(v, k); all.push(p.value, p.get, p.set) } } return [open, seen.size > 300] })()`,
  );
  assert.deepEqual(found, [[], true]);
});

test('document.md 4.3, length: a result of more than a mebibyte is refused', () => {
  const unlimited = { now: () => 0, elapsed: () => 0 };
  for (const source of ['"z".repeat(2e6)', '["z".repeat(2e6)]', 'Array(6e5).fill(1)', '"\\0".repeat(3e5)']) {
    assert.throws(() => expressions.evaluate(source, SCOPE, unlimited), /too large/, source);
  }
});

test('document.md 4.3, time: many expressions that are broken off in a row, then one that works', async () => {
  for (let turn = 0; turn < 12; turn++) {
    assert.throws(() => evaluate(`${HUGE}.indexOf(${turn})`), TOO_LONG);
    if (turn % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(evaluate('vars.a + 1'), 2);
});

test('document.md 4.3, time: where no other instance can be had, the last one goes on', async () => {
  const newModule = await loadSandboxModules();
  const own = new Expressions([await newModule(), await newModule()], () =>
    Promise.reject(new RangeError('no memory for another')),
  );
  for (let turn = 0; turn < 3; turn++) {
    assert.throws(() => own.evaluate(`${HUGE}.indexOf(${turn})`, SCOPE, MOMENT), TOO_LONG);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(own.evaluate('vars.a + 1', SCOPE, MOMENT), 2);
});

test('document.md 4.3, memory: a variable for which there is no room overwrites nothing', async () => {
  const newModule = await loadSandboxModules();
  const own = new Expressions([await newModule()], () => Promise.reject(new RangeError('no other')));
  const vars = { big: 'é'.repeat(16 * 1_048_576), list: ['é'.repeat(16 * 1_048_576)] };
  for (const source of ['big.length', 'vars.list.length', 'Object.values(vars).length']) {
    assert.throws(() => own.evaluate(source, { ...SCOPE, vars }, MOMENT), MEMORY, source);
    assert.equal(own.evaluate('vars.a + 1', SCOPE, MOMENT), 2);
  }
});

test('document.md 4.3, memory: many large expressions in a row work', () => {
  const vars = { big: 'y'.repeat(500_000) };
  for (let turn = 0; turn < 100; turn++)
    assert.equal(expressions.evaluate(`big.length + ${turn}`, { ...SCOPE, vars }, MOMENT), 500_000 + turn);
});
