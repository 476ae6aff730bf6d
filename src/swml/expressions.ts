/** JavaScript in documents (spec/document.md 4.3): one sandbox for the process, in which nothing persists. */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core';
import { type JsonValue, member } from './json.ts';
import { BOOTSTRAP } from './sandbox-bootstrap.ts';
import { loadSandboxModules, type NewModule, type SandboxModule } from './sandbox-module.ts';
import { MAX_EXPRESSION_LENGTH } from './schema-formats.ts';
import { bare, type Scope, scopeNamed } from './scope.ts';

/** Longest run of an expression, ms of computing. JavaScript ends there by itself, between two of its steps. */
export const EXPRESSION_TIME_MS = 150;
/** One long step of a built-in function (a search, a sort) is cut off so much later. */
const GRACE_MS = 25;
const MEMORY_BYTES = 8 * 1_048_576;
/** Of one UTF-16 unit. */
const MAX_UTF8_BYTES = 3;
const STACK_BYTES = 64 * 1_024;
const MAX_COMPILED = 500;
/** Instances in reserve, ready at once when a running one had to be broken off. */
const SPARE_MODULES = 2;

/** Characters that the bridge into the sandbox does not carry as they are. */
const DELICATE = /[\0\ud800-\udfff]/;

export interface Moment {
  /** What `Date` says, Unix ms. */
  readonly now: () => number;
  /** What `Math.random` says, 0 ≤ x < 1; without it, chance. */
  readonly random?: (() => number) | undefined;
  /** Milliseconds that this thread has computed, for the limit of time; virtual time would never pass. */
  readonly elapsed: () => number;
}

export class ExpressionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExpressionError';
  }
}

/** Evaluates expressions. Any script may use it: it keeps nothing from one expression to the next. */
export class Expressions {
  readonly #newModule: NewModule;
  #module: SandboxModule;
  readonly #spares: SandboxModule[];
  #sandbox: Sandbox | undefined;

  constructor(modules: readonly [SandboxModule, ...SandboxModule[]], newModule: NewModule) {
    [this.#module, ...this.#spares] = modules;
    this.#newModule = newModule;
  }

  /**
   * The value of an expression over a scope; undefined also for what JSON has no form for.
   * @throws ExpressionError for syntax, exceptions, and limits passed
   */
  evaluate(source: string, scope: Scope, moment: Moment): JsonValue | undefined {
    if (source.length > MAX_EXPRESSION_LENGTH) {
      throw new ExpressionError(`It is longer than ${MAX_EXPRESSION_LENGTH} characters`);
    }
    this.#sandbox ??= new Sandbox(this.#module);
    const sandbox = this.#sandbox;
    try {
      return sandbox.evaluate(source, scope, moment);
    } catch (error) {
      if (error instanceof ExpressionError) throw error;
      // It was left in the middle of a call, so its state is unknown.
      this.#replaceModule();
      throw error instanceof OutOfTime ? tookTooLong() : new ExpressionError('It nests too deeply');
    } finally {
      if (sandbox === this.#sandbox && sandbox.spoiled) {
        sandbox.dispose();
        this.#sandbox = undefined;
      }
    }
  }

  /** Without a spare the old one goes on: whatever its state, it reaches nothing but its own memory. */
  #replaceModule(): void {
    this.#sandbox = undefined;
    const next = this.#spares.shift();
    if (next === undefined) return;
    this.#module = next;
    // Where there is no memory for another, the last one goes on.
    void this.#newModule().then(
      (module) => this.#spares.push(module),
      () => {},
    );
  }
}

let loading: Promise<Expressions> | undefined;

/** The sandbox of this process; loaded at the first call. */
export function loadExpressions(): Promise<Expressions> {
  loading ??= load().catch((error: unknown) => {
    // Too many open files, say: that passes, and so must what came of it.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Expressions> {
  const newModule = await loadSandboxModules();
  const spares = await Promise.all(Array.from({ length: SPARE_MODULES }, newModule));
  return new Expressions([await newModule(), ...spares], newModule);
}

/** A call into the machine was broken off. */
class OutOfTime extends Error {}

function tookTooLong(): ExpressionError {
  return new ExpressionError(`It took longer than ${EXPRESSION_TIME_MS} ms`);
}

/** One QuickJS runtime with the bootstrap in it. */
class Sandbox {
  readonly #module: SandboxModule;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #compile: QuickJSHandle;
  readonly #invoke: QuickJSHandle;
  readonly #compiled = new Map<string, QuickJSHandle>();
  #scope: Scope | undefined;
  #moment: Moment | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  /** A text did not fit, in the present run. */
  #hadNoRoom = false;
  /** A limit was passed or work was left over: not to be used again. */
  spoiled = false;

  constructor(module: SandboxModule) {
    this.#module = module;
    this.#runtime = module.quickjs.newRuntime();
    this.#runtime.setMemoryLimit(MEMORY_BYTES);
    this.#runtime.setMaxStackSize(STACK_BYTES);
    this.#runtime.setInterruptHandler(() => (this.#moment?.elapsed() ?? 0) > this.#deadline);
    this.#context = this.#runtime.newContext();
    const context = this.#context;
    using bootstrap = context.unwrapResult(context.evalCode(BOOTSTRAP));
    using read = context.newFunction('read', (scope, name) =>
      this.#undisturbed(() => this.#encode(this.#read(context.getString(scope), context.getString(name)))),
    );
    using names = context.newFunction('names', (scope) =>
      this.#undisturbed(() => this.#text(JSON.stringify(this.#names(context.getString(scope))))),
    );
    using now = context.newFunction('now', () => context.newNumber(Math.floor(this.#moment?.now() ?? 0)));
    using random = context.newFunction('random', () =>
      context.newNumber((this.#moment?.random ?? Math.random)()),
    );
    const host = [read, names, now, random] as const;
    using api = context.unwrapResult(context.callFunction(bootstrap, context.undefined, ...host));
    this.#compile = context.getProp(api, 'compile');
    this.#invoke = context.getProp(api, 'invoke');
  }

  evaluate(source: string, scope: Scope, moment: Moment): JsonValue | undefined {
    this.#scope = scope;
    this.#moment = moment;
    this.#hadNoRoom = false;
    this.#deadline = moment.elapsed() + EXPRESSION_TIME_MS;
    this.#module.onTick = () => {
      if (moment.elapsed() > this.#deadline + GRACE_MS) throw new OutOfTime();
    };
    try {
      const expression = this.#expression(source);
      const result = this.#context.callFunction(this.#invoke, this.#context.undefined, expression);
      if (this.#runtime.hasPendingJob()) this.spoiled = true;
      if (result.error !== undefined) throw this.#failure(result.error);
      using value = result.value;
      return this.#decode(value);
    } finally {
      this.#module.onTick = undefined;
    }
  }

  dispose(): void {
    for (const handle of this.#compiled.values()) handle.dispose();
    this.#invoke.dispose();
    this.#compile.dispose();
    this.#context.dispose();
    this.#runtime.dispose();
  }

  /** The host's own work within an expression is not broken off: an exception here would be the expression's. */
  #undisturbed<T>(work: () => T): T {
    const { onTick } = this.#module;
    this.#module.onTick = undefined;
    try {
      return work();
    } finally {
      this.#module.onTick = onTick;
    }
  }

  #expression(source: string): QuickJSHandle {
    const known = this.#compiled.get(source);
    if (known !== undefined) return known;
    const context = this.#context;
    using text = context.newString(source);
    const result = context.callFunction(this.#compile, context.undefined, text);
    if (result.error !== undefined) throw this.#failure(result.error);
    if (this.#compiled.size >= MAX_COMPILED) {
      for (const handle of this.#compiled.values()) handle.dispose();
      this.#compiled.clear();
    }
    this.#compiled.set(source, result.value);
    return result.value;
  }

  #read(scopeName: string, name: string): JsonValue | undefined {
    const scope = this.#scope!;
    return scopeName === '' ? bare(scope, name) : member(scopeNamed(scope, scopeName), name);
  }

  #names(scopeName: string): string[] {
    return Object.keys(scopeNamed(this.#scope!, scopeName) ?? {});
  }

  #encode(value: JsonValue | undefined): QuickJSHandle {
    const context = this.#context;
    if (value === undefined) return context.undefined;
    if (typeof value === 'number') return context.newNumber(value);
    if (typeof value === 'boolean') return value ? context.true : context.false;
    const plain = typeof value === 'string' && !DELICATE.test(value);
    return this.#text(plain ? `s${value}` : `j${JSON.stringify(value)}`);
  }

  /**
   * A text in the machine. Where that has no room for one, the bridge would write it over what is there.
   * @throws Error for a text that cannot fit
   */
  #text(text: string): QuickJSHandle {
    if (text.length * MAX_UTF8_BYTES > MEMORY_BYTES) {
      // Before it is counted, for that takes as much memory again.
      const bytes = text.length > MEMORY_BYTES ? text.length : new TextEncoder().encode(text).length;
      if (bytes > MEMORY_BYTES) {
        // The machine's own errors take no message from here: their prototype is frozen.
        this.#hadNoRoom = true;
        throw new Error('no room');
      }
    }
    return this.#context.newString(text);
  }

  #decode(handle: QuickJSHandle): JsonValue | undefined {
    const context = this.#context;
    const type = context.typeof(handle);
    if (type === 'number') return context.getNumber(handle);
    if (type === 'boolean') return context.dump(handle) as boolean;
    if (type !== 'string') return undefined;
    const text = context.getString(handle);
    return text.startsWith('s') ? text.slice(1) : (JSON.parse(text.slice(1)) as JsonValue);
  }

  #failure(handle: QuickJSHandle): ExpressionError {
    const thrown = this.#context.dump(handle) as unknown;
    handle.dispose();
    if (typeof thrown !== 'object') return new ExpressionError(`It threw ${String(thrown).slice(0, 200)}`);
    if (thrown === null) {
      // Also what is thrown when memory does not suffice for an error.
      this.spoiled = true;
      return new ExpressionError('It threw null, or took more memory than it may');
    }
    const { name = 'Error', message = '' } = thrown as {
      readonly name?: unknown;
      readonly message?: unknown;
    };
    const text = textOf(message).slice(0, 200);
    if (this.#hadNoRoom || text === 'out of memory') {
      this.spoiled = true;
      return new ExpressionError('It took more memory than it may');
    }
    if (name !== 'InternalError') return new ExpressionError(`${textOf(name)}: ${text}`);
    this.spoiled = true;
    return text === 'interrupted' ? tookTooLong() : new ExpressionError(`It failed: ${text}`);
  }
}

/** Of an object, `String` would call methods of its own, which may be none. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
