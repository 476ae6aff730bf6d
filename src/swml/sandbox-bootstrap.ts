/**
 * What runs inside QuickJS before any expression: takes away what could stall the machine or carry state from
 * one expression to the next, freezes the rest, and gives back the functions that run expressions.
 *
 * QuickJS stops code that runs too long only between calls and loop turns of JavaScript. A built-in that
 * loops in C over the length of an array (which may be four thousand million with nothing in it) or over two
 * long texts could hold the thread for minutes, so each of these is guarded here, rewritten, or removed.
 */

/** Names that expressions see beside their variables. */
export const BUILT_INS = [
  ...['Array', 'Boolean', 'Date', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object', 'RangeError', 'RegExp'],
  ...['Set', 'String', 'SyntaxError', 'TypeError', 'decodeURI', 'decodeURIComponent', 'encodeURI'],
  ...['encodeURIComponent', 'escape', 'isFinite', 'isNaN', 'parseFloat', 'parseInt', 'unescape'],
  ...['undefined', 'NaN', 'Infinity'],
] as const;

/** Longest array that a built-in method of arrays takes. */
export const MAX_ARRAY_LENGTH = 10_000;
/** Characters of a result, as text or as JSON. */
export const MAX_RESULT_LENGTH = 1_048_576;
/** Characters searched times characters searched for. */
const MAX_SEARCH = 100_000_000;

/**
 * A function of the host's functions `read(scope, name)`, `names(scope)` and `now()`. `read` gives undefined,
 * a number, a boolean, or a text: "s" and a text, or "j" and JSON. What it returns has `compile(source)`, which
 * gives an expression as a function, and `invoke(expression)`, which gives its value as `read` does.
 */
export const BOOTSTRAP = `(function (read, names, now) {
  'use strict';
  const builtIns = ${JSON.stringify(BUILT_INS)};
  const maxLength = ${MAX_ARRAY_LENGTH};
  const maxSearch = ${MAX_SEARCH};
  const maxResult = ${MAX_RESULT_LENGTH};
  const global = globalThis;
  const { apply, construct, ownKeys, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Reflect;
  const { freeze, create: make } = Object;
  const { isArray } = Array;
  const { parse, stringify } = JSON;
  // The global object is emptied below; what is needed later is kept by these names.
  const [ProxyOf, FunctionOf, SetOf, TypeFault, RangeFault, Pattern, text, number] =
    [Proxy, Function, Set, TypeError, RangeError, RegExp, String, Number];
  const objectPrototype = Object.prototype;
  const seen = new SetOf();

  const put = (target, name, value) =>
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
  const drop = (target, keep) => {
    for (const key of ownKeys(target)) if (!keep(key)) delete target[key];
  };
  const refuse = (what) => { throw new TypeFault(what + ' is not available in expressions'); };

  // Arrays: only real ones, because their length cannot lie, and only of a bounded length.
  const checkArray = (value) => {
    if (!isArray(value)) throw new TypeFault('this method works on arrays only');
    if (value.length > maxLength) throw new RangeFault('an array of more than ' + maxLength + ' elements');
  };
  const concat = function concat(...parts) {
    checkArray(this);
    const result = [];
    for (const part of [this, ...parts]) {
      if (!isArray(part)) { result.push(part); continue; }
      checkArray(part);
      for (let index = 0; index < part.length; index++) result.push(part[index]);
    }
    return result;
  };
  const flatten = (source, depth, result) => {
    checkArray(source);
    for (let index = 0; index < source.length; index++) {
      const item = source[index];
      if (isArray(item) && depth > 0) flatten(item, depth - 1, result);
      else if (index in source) result.push(item);
    }
    return result;
  };
  const flat = function flat(depth = 1) { return flatten(this, number(depth) || 0, []); };
  const flatMap = function flatMap(callback, self) { return flatten(this.map(callback, self), 1, []); };
  // Comparing long texts takes time; between two turns of a loop it can be stopped.
  const find = (array, wanted, from, same) => {
    for (let index = from < 0 ? array.length + from : from; index < array.length; index++) {
      if (index >= 0 && same(array[index], wanted)) return index;
    }
    return -1;
  };
  const strictly = (a, b) => a === b;
  const includes = function includes(wanted, from = 0) {
    checkArray(this);
    return find(this, wanted, number(from) || 0, (a, b) => a === b || (a !== a && b !== b)) >= 0;
  };
  const indexOf = function indexOf(wanted, from = 0) {
    checkArray(this);
    return find(this, wanted, number(from) || 0, strictly);
  };
  const lastIndexOf = function lastIndexOf(wanted) {
    checkArray(this);
    let last = this.length - 1;
    while (last >= 0 && this[last] !== wanted) last--;
    return last;
  };
  const byText = (a, b) => {
    const [one, other] = [text(a), text(b)];
    if (one === other) return 0;
    return one < other ? -1 : 1;
  };
  const sorting = (native) => function sort(compare = byText) {
    checkArray(this);
    return apply(native, this, [compare]);
  };
  const { sort, toSorted } = Array.prototype;
  const rewritten = { concat, flat, flatMap, includes, indexOf, lastIndexOf, sort: sorting(sort), toSorted: sorting(toSorted) };
  const unguarded = ['constructor', 'at', 'push', 'pop', 'keys', 'values', 'entries'];
  for (const name of Object.getOwnPropertyNames(Array.prototype)) {
    const native = Array.prototype[name];
    if (typeof native !== 'function' || unguarded.includes(name)) continue;
    put(Array.prototype, name, { [name](...args) { checkArray(this); return apply(native, this, args); } }[name]);
  }
  for (const [name, method] of Object.entries(rewritten)) put(Array.prototype, name, method);
  delete Array.fromAsync;

  // Objects: no accessors or prototypes that change an array while a built-in walks it.
  for (const name of ['freeze', 'seal', 'preventExtensions', 'isFrozen', 'isSealed']) {
    const native = Object[name];
    put(Object, name, (value) => { if (isArray(value)) checkArray(value); return native(value); });
  }
  for (const name of ['defineProperty', 'defineProperties', 'setPrototypeOf', 'getOwnPropertySymbols']) delete Object[name];
  for (const name of ['__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__', '__proto__']) {
    delete objectPrototype[name];
  }

  // Texts: searching is quadratic, and String.raw loops over a length of its own.
  const checkSearch = (searched, wanted) => {
    if (searched.length * wanted.length > maxSearch) throw new RangeFault('texts too long to search');
  };
  for (const name of ['indexOf', 'lastIndexOf', 'includes', 'split', 'replace', 'replaceAll']) {
    const native = String.prototype[name];
    put(String.prototype, name, { [name](pattern, ...rest) {
      const searched = text(this);
      if (pattern === undefined || pattern instanceof Pattern) return apply(native, searched, [pattern, ...rest]);
      const wanted = text(pattern);
      checkSearch(searched, wanted);
      return apply(native, searched, [wanted, ...rest]);
    } }[name]);
  }
  delete String.raw;

  put(JSON, 'stringify', (value, replacer, space) => {
    if (isArray(replacer)) checkArray(replacer);
    return stringify(value, replacer, space);
  });

  // Time is that of the script, which a test may have in hand.
  const RealDate = Date;
  put(RealDate, 'now', now);
  const ScriptDate = new ProxyOf(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args, made) => construct(target, args.length === 0 ? [now()] : args, made),
  });
  put(RealDate.prototype, 'constructor', ScriptDate);
  global.Date = ScriptDate;

  // Syntax reaches these without a name: no code from texts, no loops in C over iterators.
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const one of functions) put(getPrototypeOf(one), 'constructor', function () { refuse('Making functions from text'); });
  const iterator = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
  drop(iterator, (key) => typeof key === 'symbol');
  const plainSet = ['constructor', 'add', 'has', 'delete', 'clear', 'size', 'forEach', 'values', 'keys', 'entries'];
  drop(Set.prototype, (key) => typeof key === 'symbol' || plainSet.includes(key));

  const roots = [iterator, ...functions, getPrototypeOf(async function () {}()), ''[Symbol.iterator](), ''.matchAll(/a/g),
    new Map().entries(), new Set().entries(), (function* () {})(), (async function* () {})(), Symbol.prototype];
  const allowed = make(null);
  for (const name of builtIns) { allowed[name] = global[name]; roots.push(global[name]); }
  roots.push(InternalError, ReferenceError, EvalError, URIError, AggregateError);
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
      if (typeof value === 'number' || typeof value === 'boolean') return value;
      if (typeof value === 'string' && value.length > maxResult) throw new RangeFault('its result is too large');
      if (typeof value === 'string' && !apply(test, delicate, [value])) return 's' + value;
      const json = stringify(value);
      return json === undefined ? undefined : 'j' + json;
    },
  };
})`;
