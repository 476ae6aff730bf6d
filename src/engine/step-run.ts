import { resultChoice } from '../methods/choice-params.ts';
import type { ErrorDetails, StatusCallback } from '../methods/context.ts';
import type { Choice, Flow } from '../methods/flow.ts';
import type { AnyMethod } from '../methods/method.ts';
import { readParams } from '../methods/params.ts';
import { type Block, errorAt, type Finding, type Step } from '../swml/document.ts';
import type { ErrorCode, ErrorPolicy, Fault } from '../swml/error-codes.ts';
import type { SwmlError } from '../swml/errors.ts';
import { ExpressionError, type Expressions } from '../swml/expressions.ts';
import { type Evaluate, expandDeep, expandRaw, expandText } from '../swml/expand.ts';
import { isObject, type JsonObject, type JsonValue } from '../swml/json.ts';
import { parsePath } from '../swml/placeholders.ts';
import { MAX_DEPTH } from '../swml/parse.ts';
import { formatPath, type Path } from '../swml/position.ts';
import { shown } from '../swml/schema-findings.ts';
import { type ReadContext, read } from '../swml/schema-read.ts';
import { lookup, type Scope } from '../swml/scope.ts';
import { MAX_CHARACTERS, sizeOf, TooLargeError } from '../swml/size.ts';
import { threadTimeMs } from '../time/thread-time.ts';
import { chooseBlock } from './choose.ts';
import { type Computing, MAX_COMPUTING_MS } from './computing.ts';
import type { ScriptServices } from './host.ts';
import type { Action, Frame } from './machine.ts';
import type { SessionOptions } from './session.ts';
import type { StepPlace } from './trace.ts';
import type { SessionVariables } from './variables.ts';

/** What a step needs of the session it runs in. */
export interface StepSession {
  readonly options: SessionOptions;
  readonly id: string;
  readonly variables: SessionVariables;
  readonly expressions: Expressions | undefined;
  readonly computing: Computing;
  readonly signal: AbortSignal;
  /** Sections that are waiting for this one to return. */
  readonly depth: number;
  warn(error: SwmlError, run: StepRun): void;
}

/** Parameters, as they were read, of steps that have the same each time: nothing in them was to be expanded. */
const fixedParams = new WeakMap<Step, unknown>();

/** One run of one step: its place, its scope, and what its method can do. */
export class StepRun {
  readonly step: Step;
  readonly frame: Frame;
  readonly signal: AbortSignal;
  readonly place: StepPlace;
  readonly #session: StepSession;
  #scope: Scope | undefined;
  /** What its placeholders gave so far, characters. */
  #given = 0;

  constructor(action: Extract<Action, { kind: 'step' | 'choice' }>, session: StepSession) {
    const { step, frame, index } = action;
    this.step = step;
    this.frame = frame;
    this.signal = session.signal;
    this.#session = session;
    this.place = {
      file: frame.document.file,
      section: frame.section,
      index,
      method: step.method,
      position: step.position,
      path: formatPath(step.path),
      depth: session.depth,
    };
  }

  get scope(): Scope {
    this.#scope ??= scopeOf(this.#session, this.frame.params);
    return this.#scope;
  }

  /**
   * Reads the parameters and runs the method.
   * @throws SwmlError for parameters that the method cannot take, or what the method throws
   */
  start(method: AnyMethod): Flow | Promise<Flow> {
    if (method.run === undefined) {
      this.#setFailed(method);
      const block = this.#resultBlock(method);
      const failure = this.error({
        fault: 'failed',
        message: `The method "${method.name}" is valid SWML, but this version cannot run it; the script goes on with ${block === undefined ? 'the next step' : 'its "result"'}`,
        path: this.step.path,
        part: 'key',
      });
      if (block === undefined) throw failure;
      this.#session.warn(failure, this);
      return { kind: 'block', block };
    }
    return method.run(this.#session.options.host.context(this) as never, this.#params(method) as never);
  }

  /** Sets what a step tells that failed before it did anything; of an earlier step nothing stays. */
  #setFailed({ outputs }: AnyMethod): void {
    for (const { name, values } of outputs) {
      // Where a method that cannot be run has a `return_value`, it is a copy of its result. `pay` has another
      // word for a fault that is not the caller's.
      const failure = values?.find((value) => value === 'failed' || value === 'internal-error');
      this.variables.assign(name, name === 'return_value' ? 'failed' : failure);
    }
  }

  /** The steps that are for the failure of a method that cannot be run, where it has a `result`. @throws SwmlError */
  #resultBlock({ params: { node } }: AnyMethod): Block | undefined {
    const written = isObject(this.step.params) ? this.step.params['result'] : undefined;
    const schema = node.kind === 'object' ? node.properties['result'] : undefined;
    if (written === undefined || written === null || schema === undefined) return undefined;
    const result = read(schema, written, this.pathTo('result'), this.#reading());
    const choice = resultChoice(result as Parameters<typeof resultChoice>[0]);
    return choice && this.choose(choice);
  }

  /** @throws SwmlError */
  #params(method: AnyMethod): unknown {
    const strict = this.#session.options.strict === true;
    if (!strict && fixedParams.has(this.step)) return fixedParams.get(this.step);
    let isFixed = !strict;
    const context = this.#reading(() => {
      isFixed = false;
    });
    const params = readParams(method, this.step, context);
    if (isFixed) fixedParams.set(this.step, params);
    return params;
  }

  /** @param onVariable what is read may be another thing the next time */
  #reading(onVariable?: () => void): ReadContext {
    return {
      kind: this.frame.document.kind,
      strict: this.#session.options.strict === true,
      expand: (text, path) => {
        onVariable?.();
        return this.#bounded(path, () => expandText(text, this.scope, this.#evaluator(path)));
      },
      block: (value, path) => this.#writtenBlock(value, path),
      report: (finding) => {
        onVariable?.();
        // Also for what is a mere warning but in strict mode: the step cannot be run.
        if (finding.severity !== 'warning') throw this.error(finding, { policy: 'stop' });
      },
    };
  }

  /**
   * Steps were taken apart, and checked, where they are written; what a placeholder gave never was.
   * @throws SwmlError
   */
  #writtenBlock(value: JsonValue, path: Path): Block {
    const block = this.frame.document.blocks.get(value as object);
    if (block !== undefined) return block;
    throw this.error({
      fault: 'wrongType',
      message: 'Steps cannot come out of a placeholder',
      path,
      expected: 'a list of steps that is written in the document',
      found: shown(value),
    });
  }

  /** The block that a choice leads to. @throws SwmlError when JavaScript in it fails */
  choose(choice: Choice): Block | undefined {
    // The branches of all other methods are their `result`.
    const { method, path } = this.step;
    const branches = method === 'cond' ? path : [...path, 'result'];
    return chooseBlock(choice, this.scope, (source, index) =>
      this.evaluate(source, [...branches, index, 'when']),
    );
  }

  error(
    finding: Finding,
    options: { readonly policy?: ErrorPolicy; readonly cause?: unknown } = {},
  ): SwmlError {
    return errorAt(this.frame.document, finding, options);
  }

  get variables(): SessionVariables {
    return this.#session.variables;
  }

  get services(): ScriptServices {
    return this.#session.options.services;
  }

  expand(value: JsonValue, parameter?: string): JsonValue {
    // Where all parameters were one placeholder, this is a part of what it gave, which is not scanned again.
    if (parameter !== undefined && typeof this.step.params === 'string') return value;
    const path = this.pathTo(parameter);
    return this.#bounded(path, () => expandDeep(value, this.scope, this.#evaluator(path)));
  }

  lookup(path: string): JsonValue | undefined {
    const segments = parsePath(path);
    return segments === undefined ? undefined : lookup(this.scope, segments);
  }

  /** @param path of the JavaScript, for errors */
  evaluate(source: string, path: Path): JsonValue | undefined {
    // Placeholders in it are replaced as raw text first (spec/document.md 4.4).
    const evaluate = this.#evaluator(path);
    const text = this.#bounded(path, () => expandRaw(source, this.scope, evaluate));
    return evaluate(text, this.scope);
  }

  /** @throws SwmlError for what is too large, or nests too deeply, to be kept and sent */
  #bounded<T extends JsonValue>(path: Path, expand: () => T): T {
    try {
      const value = expand();
      const { characters, depth } = sizeOf(value);
      this.#given += characters;
      if (this.#given <= MAX_CHARACTERS && depth <= MAX_DEPTH) return value;
    } catch (error) {
      if (!(error instanceof TooLargeError)) throw error;
    }
    throw this.error({
      fault: 'invalidValue',
      message: 'What the placeholders of this step give is too large',
      path,
      expected: `at most ${MAX_CHARACTERS} characters, and ${MAX_DEPTH} values inside each other`,
    });
  }

  emit(callback: StatusCallback): void {
    const { options, id } = this.#session;
    const params = { ...options.host.ids(), ...callback.params };
    options.services.emit({ ...callback, sessionId: id, params });
  }

  warn(fault: Fault, message: string, code: ErrorCode | undefined): void {
    const warning = this.error({ fault, message, code, path: this.step.path }, { policy: 'continue' });
    this.#session.warn(warning, this);
  }

  /** An error with its place in the document. */
  stepError(fault: Fault, message: string, details: ErrorDetails = {}): SwmlError {
    const { parameter, policy, cause, ...facts } = details;
    return this.error(
      { fault, message, path: this.pathTo(parameter), ...facts },
      { ...(policy === undefined ? {} : { policy }), ...(cause === undefined ? {} : { cause }) },
    );
  }

  /** Where a parameter stands, or all of them. */
  pathTo(parameter: string | undefined): Path {
    return parameter === undefined ? this.step.path : [...this.step.path, parameter];
  }

  /** @param path of the text that holds the JavaScript, for errors */
  #evaluator(path: Path): Evaluate {
    return (source, scope) => {
      const { expressions, options, computing } = this.#session;
      if (expressions === undefined)
        throw new Error('the document was loaded without noticing its JavaScript');
      if (computing.exhausted) {
        throw this.error({
          fault: 'expression',
          message: `The JavaScript of this script computed for more than ${MAX_COMPUTING_MS / 1_000} s without a step that waits`,
          path,
        });
      }
      const { clock, random } = options.services;
      const moment = { now: () => clock.now(), random, elapsed: threadTimeMs };
      try {
        return computing.measure(() => expressions.evaluate(source, scope, moment));
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        throw this.error({
          fault: 'expression',
          message: `This JavaScript failed. ${error.message}`,
          path,
          found: source.length > 80 ? `${source.slice(0, 79)}…` : source,
        });
      }
    };
  }
}

function scopeOf(session: StepSession, params: JsonObject): Scope {
  const { host, services } = session.options;
  // `call` is read when it is asked for: `call_state` changes while a step runs, and most steps never look.
  return {
    kind: host.kind,
    vars: session.variables.all,
    envs: services.envs ?? {},
    params,
    get subject() {
      return host.subject();
    },
  };
}
