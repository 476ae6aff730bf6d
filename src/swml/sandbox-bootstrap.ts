/**
 * What runs inside QuickJS before any expression: takes away what could carry state from one expression to the
 * next or make code from text, freezes the rest, and gives back the functions that run expressions. How long
 * they run and how much they hold is the machine's business (`wasm-meter.ts`, `expressions.ts`), not of this.
 */

/** Names that expressions see beside their variables. */
export const BUILT_INS = [
  ...['Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'DataView', 'Date', 'Iterator', 'JSON', 'Map', 'Math'],
  ...['Number', 'Object', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'WeakMap', 'WeakRef', 'WeakSet'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError'],
  ...['URIError', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array'],
  ...['Uint32Array', 'BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'unescape'],
  ...['isFinite', 'isNaN', 'parseFloat', 'parseInt', 'undefined', 'NaN', 'Infinity'],
] as const;

/** Characters of a result, as text or as JSON. */
const MAX_RESULT_LENGTH = 1_048_576;

/**
 * A function of the host's functions `read(scope, name)`, `names(scope)`, `now()` and `random()`. `read` gives undefined,
 * a number, a boolean, or a text: "s" and a text, or "j" and JSON. What it returns has `compile(source)`, which
 * gives an expression as a function, and `invoke(expression)`, which gives its value as `read` does.
 */
export const BOOTSTRAP = `(function (read, names, now, random) {
  'use strict';
  const builtIns = ${JSON.stringify(BUILT_INS)};
  const maxResult = ${MAX_RESULT_LENGTH};
  const global = globalThis;
  const { apply, construct, ownKeys, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Reflect;
  const { freeze, create: make } = Object;
  const { parse, stringify } = JSON;
  // The global object is emptied below; what is needed later is kept by these names.
  const [ProxyOf, FunctionOf, SetOf, TypeFault, RangeFault, Pattern, PromiseOf] =
    [Proxy, Function, Set, TypeError, RangeError, RegExp, Promise];
  const objectPrototype = Object.prototype;
  const seen = new SetOf();

  const put = (target, name, value) =>
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
  const drop = (target, keep) => {
    for (const key of ownKeys(target)) if (!keep(key)) delete target[key];
  };
  const refuse = (what) => { throw new TypeFault(what + ' is not available in expressions'); };

  for (const name of ['__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__', '__proto__']) {
    delete objectPrototype[name];
  }
  // What lets a value outlive its expression, or look at when memory is freed.
  delete Array.fromAsync;
  delete Symbol.for;
  delete Symbol.keyFor;

  // Time is that of the script, which a test may have in hand.
  const RealDate = Date;
  put(RealDate, 'now', now);
  const ScriptDate = new ProxyOf(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args, made) => construct(target, args.length === 0 ? [now()] : args, made),
  });
  put(RealDate.prototype, 'constructor', ScriptDate);
  global.Date = ScriptDate;
  // So is chance.
  put(Math, 'random', random);

  // Syntax reaches these without a name: no code from texts.
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const one of functions) put(getPrototypeOf(one), 'constructor', function () { refuse('Making functions from text'); });
  const iterator = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));

  // Prototypes without a name, by way of values that have them.
  const roots = [iterator, ...functions, [].values(), ''[Symbol.iterator](), ''.matchAll(/a/g), new Map().entries(),
    new Set().entries(), [].values().map((x) => x), Iterator.from({ next() {} }), (function* () {})(),
    (async function* () {})(), (async function () {})(), new PromiseOf(() => {}), new Uint8Array(0), Symbol.prototype];
  const allowed = make(null);
  for (const name of builtIns) { allowed[name] = global[name]; roots.push(global[name]); }
  roots.push(InternalError);
  drop(global, (key) => key === 'globalThis' || key === 'undefined' || key === 'NaN' || key === 'Infinity');

  // Nothing that all expressions share may change.
  const harden = (value) => {
    const queue = [value];
    while (queue.length > 0) {
      const next = queue.pop();
      if ((typeof next !== 'object' && typeof next !== 'function') || next === null || seen.has(next)) continue;
      seen.add(next);
      queue.push(getPrototypeOf(next));
      for (const key of ownKeys(next)) {
        const property = getOwnPropertyDescriptor(next, key);
        queue.push(property.value, property.get, property.set);
      }
      freeze(next);
    }
  };
  for (const root of [...roots, builtIns, allowed, global]) harden(root);

  // The bridge to the host carries neither NUL nor half a surrogate pair as they are.
  const delicate = /[\\0\\ud800-\\udfff]/;
  const test = Pattern.prototype.test;
  const decode = (value) => {
    if (typeof value !== 'string') return value;
    return value[0] === 'j' ? parse(value.slice(1)) : value.slice(1);
  };
  const scopeNames = freeze(['vars', 'params', 'envs', 'call']);
  /** A scope as an object whose members are fetched when they are first read. */
  const scopeObject = (scope) => {
    const cache = make(null);
    const member = (name) => {
      if (!(name in cache)) cache[name] = decode(read(scope, name));
      return cache[name];
    };
    return new ProxyOf({}, {
      has: (target, name) => typeof name === 'string' && (member(name) !== undefined || name in objectPrototype),
      get: (target, name) => {
        if (typeof name !== 'string') return undefined;
        const value = member(name);
        return value === undefined ? objectPrototype[name] : value;
      },
      ownKeys: () => parse(names(scope)),
      getOwnPropertyDescriptor: (target, name) => {
        const value = typeof name === 'string' ? member(name) : undefined;
        return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
      },
      set: () => true,
      defineProperty: () => true,
      deleteProperty: () => true,
      setPrototypeOf: () => false,
    });
  };
  /** Bare names: scopes, then variables in their order, then built-ins; anything else is undefined. */
  const bareNames = () => {
    const cache = make(null);
    const resolve = (name) => {
      if (scopeNames.indexOf(name) >= 0) return scopeObject(name);
      const value = decode(read('', name));
      return value === undefined ? allowed[name] : value;
    };
    return new ProxyOf({}, {
      has: (target, name) => typeof name === 'string',
      get: (target, name) => {
        if (typeof name !== 'string') return undefined;
        if (!(name in cache)) cache[name] = resolve(name);
        return cache[name];
      },
      set: () => true,
      deleteProperty: () => true,
    });
  };
  const nothing = freeze({});
  return {
    compile(source) {
      // Brackets of two kinds around it: only one whole expression fits both.
      FunctionOf('[\\n' + source + '\\n]');
      return FunctionOf('scope', 'with (scope) { return (\\n' + source + '\\n); }');
    },
    invoke(expression) {
      const value = apply(expression, nothing, [bareNames()]);
      if (value instanceof PromiseOf) refuse('Asynchronous code');
      if (typeof value === 'bigint') throw new TypeFault('a big integer has no JSON form; use Number(…) or String(…)');
      if (typeof value === 'number' || typeof value === 'boolean') return value;
      const bounded = (text) => {
        if (text.length > maxResult) throw new RangeFault('its result is too large');
        return text;
      };
      if (typeof value === 'string' && !apply(test, delicate, [bounded(value)])) return 's' + value;
      const json = stringify(value);
      return json === undefined ? undefined : 'j' + bounded(json);
    },
  };
})`;
