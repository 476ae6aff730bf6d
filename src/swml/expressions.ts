/** JavaScript in documents (spec/document.md 4.3): one sandbox for the process, in which nothing persists. */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten';
import { type JsonValue, member } from './json.ts';
import { BOOTSTRAP, MAX_RESULT_LENGTH } from './sandbox-bootstrap.ts';
import { MAX_EXPRESSION_LENGTH } from './schema-formats.ts';
import { bare, type Scope, scopeNamed } from './scope.ts';

/** Longest run of an expression. */
export const EXPRESSION_TIME_MS = 150;
const MEMORY_BYTES = 8 * 1_048_576;
const STACK_BYTES = 64 * 1_024;
const MAX_COMPILED = 500;
/** BigInt has no JSON form, and a few characters of it can compute for seconds. */
const BIG_INTEGER = /(?<![\w$.])(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)n(?![\w$])/;

/** Characters that the bridge into the sandbox does not carry as they are. */
const DELICATE = /[\0\ud800-\udfff]/;

export interface Moment {
  /** What `Date` says, Unix ms. */
  readonly now: () => number;
  /** Real milliseconds, for the limit of time; virtual time would never pass. */
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
  readonly #newModule: () => Promise<QuickJSWASMModule>;
  #module: QuickJSWASMModule;
  /** Takes the place of a module whose stack was broken by a failure in the middle of a call. */
  #spare: QuickJSWASMModule | undefined;
  #sandbox: Sandbox | undefined;

  constructor(
    module: QuickJSWASMModule,
    spare: QuickJSWASMModule,
    newModule: () => Promise<QuickJSWASMModule>,
  ) {
    this.#module = module;
    this.#spare = spare;
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
    if (BIG_INTEGER.test(source)) throw new ExpressionError('Big integers are not available in expressions');
    this.#sandbox ??= new Sandbox(this.#module);
    const sandbox = this.#sandbox;
    try {
      return sandbox.evaluate(source, scope, moment);
    } catch (error) {
      if (error instanceof ExpressionError) throw error;
      // The host's own stack overflowed inside the module, so its state is unknown.
      this.#replaceModule();
      throw new ExpressionError('It nests too deeply');
    } finally {
      if (sandbox === this.#sandbox && sandbox.spoiled) {
        sandbox.dispose();
        this.#sandbox = undefined;
      }
    }
  }

  #replaceModule(): void {
    this.#sandbox = undefined;
    if (this.#spare === undefined) return;
    this.#module = this.#spare;
    this.#spare = undefined;
    void this.#newModule().then((module) => {
      this.#spare = module;
    });
  }
}

let loading: Promise<Expressions> | undefined;

/** The sandbox of this process; loaded at the first call. */
export function loadExpressions(): Promise<Expressions> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Expressions> {
  const { newQuickJSWASMModule } = await import('quickjs-emscripten');
  const newModule = (): Promise<QuickJSWASMModule> => newQuickJSWASMModule();
  return new Expressions(await newModule(), await newModule(), newModule);
}

/** One QuickJS runtime with the bootstrap in it. */
class Sandbox {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #compile: QuickJSHandle;
  readonly #invoke: QuickJSHandle;
  readonly #compiled = new Map<string, QuickJSHandle>();
  #scope: Scope | undefined;
  #moment: Moment | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  /** A limit was passed or work was left over: not to be used again. */
  spoiled = false;

  constructor(module: QuickJSWASMModule) {
    this.#runtime = module.newRuntime();
    this.#runtime.setMemoryLimit(MEMORY_BYTES);
    this.#runtime.setMaxStackSize(STACK_BYTES);
    this.#runtime.setInterruptHandler(() => (this.#moment?.elapsed() ?? 0) > this.#deadline);
    this.#context = this.#runtime.newContext();
    const context = this.#context;
    using bootstrap = context.unwrapResult(context.evalCode(BOOTSTRAP));
    using read = context.newFunction('read', (scope, name) =>
      this.#encode(this.#read(context.getString(scope), context.getString(name))),
    );
    using names = context.newFunction('names', (scope) =>
      context.newString(JSON.stringify(this.#names(context.getString(scope)))),
    );
    using now = context.newFunction('now', () => context.newNumber(Math.floor(this.#moment?.now() ?? 0)));
    using api = context.unwrapResult(context.callFunction(bootstrap, context.undefined, read, names, now));
    this.#compile = context.getProp(api, 'compile');
    this.#invoke = context.getProp(api, 'invoke');
  }

  evaluate(source: string, scope: Scope, moment: Moment): JsonValue | undefined {
    this.#scope = scope;
    this.#moment = moment;
    this.#deadline = moment.elapsed() + EXPRESSION_TIME_MS;
    const expression = this.#expression(source);
    const result = this.#context.callFunction(this.#invoke, this.#context.undefined, expression);
    if (this.#runtime.hasPendingJob()) this.spoiled = true;
    if (result.error !== undefined) throw this.#failure(result.error);
    using value = result.value;
    return this.#decode(value);
  }

  dispose(): void {
    for (const handle of this.#compiled.values()) handle.dispose();
    this.#invoke.dispose();
    this.#compile.dispose();
    this.#context.dispose();
    this.#runtime.dispose();
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
    return context.newString(plain ? `s${value}` : `j${JSON.stringify(value)}`);
  }

  #decode(handle: QuickJSHandle): JsonValue | undefined {
    const context = this.#context;
    const type = context.typeof(handle);
    if (type === 'number') return context.getNumber(handle);
    if (type === 'boolean') return context.dump(handle) as boolean;
    if (type !== 'string') return undefined;
    const text = context.getString(handle);
    if (text.length > MAX_RESULT_LENGTH) throw new ExpressionError('Its result is too large');
    return text.startsWith('s') ? text.slice(1) : (JSON.parse(text.slice(1)) as JsonValue);
  }

  #failure(handle: QuickJSHandle): ExpressionError {
    const thrown = this.#context.dump(handle) as
      | { readonly name?: unknown; readonly message?: unknown }
      | string;
    handle.dispose();
    const name = typeof thrown === 'object' ? String(thrown?.name ?? 'Error') : 'Error';
    const message = (typeof thrown === 'object' ? String(thrown?.message ?? '') : String(thrown)).slice(
      0,
      200,
    );
    if (name !== 'InternalError') return new ExpressionError(`${name}: ${message}`);
    this.spoiled = true;
    if (message === 'interrupted') return new ExpressionError(`It took longer than ${EXPRESSION_TIME_MS} ms`);
    return new ExpressionError(
      message === 'out of memory' ? 'It took more memory than it may' : `It failed: ${message}`,
    );
  }
}
