/** One run of a script: the driver around the pure machine of `machine.ts`. */
import { CallError } from '../call/leg.ts';
import { unknownMethod } from '../methods/findings.ts';
import type { Flow } from '../methods/flow.ts';
import type { AnyMethod } from '../methods/method.ts';
import { methodsOf } from '../methods/registry.ts';
import { errorAt, type Finding, type SwmlDocument } from '../swml/document.ts';
import type { SwmlError } from '../swml/errors.ts';
import type { JsonObject } from '../swml/json.ts';
import { MAX_CHARACTERS } from '../swml/size.ts';
import { sleep } from '../time/clock.ts';
import { Computing } from './computing.ts';
import { findDestination } from './destination.ts';
import { asSwmlError } from './errors.ts';
import { type Expressions, loadExpressions } from '../swml/expressions.ts';
import type { ScriptHost, ScriptServices } from './host.ts';
import {
  type Action,
  advance,
  apply,
  type Input,
  type MachineState,
  MAX_TRANSFERS,
  startState,
} from './machine.ts';
import { describeState, type ScriptSnapshot } from './snapshot.ts';
import { StepRun } from './step-run.ts';
import { ScriptTracer, type TraceListener } from './tracer.ts';
import { SessionVariables } from './variables.ts';

export interface SessionOptions {
  readonly host: ScriptHost;
  readonly services: ScriptServices;
  readonly document: SwmlDocument;
  readonly section?: string;
  readonly params?: JsonObject;
  /** Variables at the start; for test suites and for scripts that go on from others. */
  readonly vars?: JsonObject;
  /** Names the session in callbacks. */
  readonly sessionId?: string;
  readonly strict?: boolean;
  readonly onTrace?: TraceListener;
}

export interface ScriptResult {
  /**
   * `finished`: the end of the script was reached. `ended`: the call was over first. `stopped`: someone called
   * {@link ScriptSession.stop}. `error`: the script failed.
   */
  readonly outcome: 'finished' | 'ended' | 'stopped' | 'error';
  readonly error?: SwmlError;
  readonly vars: JsonObject;
}

/** Steps without one that waits, so that no loop holds the thread (spec/document.md 6). */
export const MAX_STEPS_WITHOUT_WAITING = 10_000;
/** After so many of them the event loop gets its turn. */
const STEPS_PER_TURN = 200;

/** How a step came to its end. */
type Outcome = { readonly flow: Flow } | { readonly error: SwmlError } | 'interrupted';

export class ScriptSession {
  readonly id: string;
  readonly variables: SessionVariables;
  readonly #options: SessionOptions;
  readonly #methods: ReadonlyMap<string, AnyMethod>;
  readonly #tracer: ScriptTracer;
  #state: MachineState;
  #current: StepRun | undefined;
  #expressions: Expressions | undefined;
  #generation = new AbortController();
  #stopped = false;
  /** What `replace` put in the place of the running script. */
  #replacement: Extract<Input, { kind: 'replace' }> | undefined;
  #steps = 0;
  #stepsWithoutWaiting = 0;
  readonly #computing = new Computing();
  /** Told already of documents that steps bring: a loop may bring one again and again. */
  readonly #toldOfDocuments = new Set<string>();
  readonly #onHostEnd = (): void => this.#generation.abort(this.#options.host.signal.reason);

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.sessionId ?? options.services.newId?.() ?? crypto.randomUUID();
    this.variables = new SessionVariables(options.vars);
    this.#methods = methodsOf(options.host.kind);
    this.#tracer = new ScriptTracer(options.services.clock, options.onTrace);
    this.#state = startState(options.document, options.section ?? 'main', options.params ?? {});
  }

  /** Runs to the end; never rejects. What follows the end of the script is its caller's business. */
  async run(): Promise<ScriptResult> {
    const { host } = this.#options;
    host.signal.addEventListener('abort', this.#onHostEnd, { once: true });
    if (host.signal.aborted) this.#onHostEnd();
    let result: ScriptResult;
    try {
      await this.#prepare(this.#options.document);
      result = await this.#loop();
    } catch (error) {
      result = this.#fail(this.#asError(error));
    } finally {
      host.signal.removeEventListener('abort', this.#onHostEnd);
    }
    this.#state = { ...this.#state, frames: [] };
    this.#tracer.end(result.outcome);
    return result;
  }

  /** Ends the script at once; the step that runs is told by its signal. */
  stop(): void {
    this.#stopped = true;
    this.#generation.abort(new Error('the script was stopped'));
  }

  /**
   * Puts another document in the place of the running one, as a transfer (spec/call-control.md 10). Variables
   * and background work stay.
   */
  replace(document: SwmlDocument, section = 'main', params: JsonObject = {}): void {
    this.#replacement = { kind: 'replace', document, section, params };
    const old = this.#generation;
    this.#generation = new AbortController();
    old.abort(new Error('the script was replaced'));
    if (this.#options.host.signal.aborted) this.#onHostEnd();
  }

  /** Whether another document may take its place: a call has a limit of transfers. */
  get mayBeReplaced(): boolean {
    return this.#state.transfers < MAX_TRANSFERS;
  }

  /** Where the script stands now. */
  snapshot(): ScriptSnapshot {
    return describeState(this.id, this.#state, this.#current, this.variables.snapshot());
  }

  async #loop(): Promise<ScriptResult> {
    const { host } = this.#options;
    for (;;) {
      if (this.#stopped) return { outcome: 'stopped', vars: this.variables.snapshot() };
      if (host.signal.aborted) return { outcome: 'ended', vars: this.variables.snapshot() };
      const replacement = this.#replacement;
      if (replacement !== undefined) {
        this.#replacement = undefined;
        await this.#prepare(replacement.document);
        this.#transition(replacement);
        // What the document before it did at a stretch counts for none of its own steps: it comes from outside.
        this.#stepsWithoutWaiting = 0;
        this.#computing.waited();
        continue;
      }
      const { state, action } = advance(this.#state);
      this.#state = state;
      if (action.kind === 'end') return { outcome: 'finished', vars: this.variables.snapshot() };
      const error = await this.#perform(action);
      if (error?.policy === 'stop') return this.#fail(error);
      if (error !== undefined) this.#warn(error);
    }
  }

  /** Does one action; gives the error that it ended with. */
  async #perform(action: Exclude<Action, { kind: 'end' }>): Promise<SwmlError | undefined> {
    if (action.kind === 'returned') {
      this.variables.assign('return_value', action.value);
      return undefined;
    }
    const run = new StepRun(action, {
      options: this.#options,
      id: this.id,
      variables: this.variables,
      expressions: this.#expressions,
      computing: this.#computing,
      signal: this.#generation.signal,
      depth: this.#state.frames.length - 1,
      warn: (warning, from) => this.#warn(warning, from),
    });
    this.#current = run;
    if (action.kind === 'choice') {
      try {
        const block = run.choose(action.choice);
        if (block !== undefined) this.#transition({ kind: 'block', block });
        return undefined;
      } catch (error) {
        return this.#asError(error);
      }
    }
    if (++this.#steps > (this.#options.host.maxSteps ?? Number.POSITIVE_INFINITY)) {
      this.#transition({ kind: 'end' });
      return undefined;
    }
    this.#stepsWithoutWaiting++;
    if (this.#stepsWithoutWaiting > MAX_STEPS_WITHOUT_WAITING) {
      const message = `More than ${MAX_STEPS_WITHOUT_WAITING} steps without one that waits`;
      return run.error({ fault: 'failed', message, path: run.step.path }, { policy: 'stop' });
    }
    if (this.#stepsWithoutWaiting % STEPS_PER_TURN === 0 || this.#computing.needsTurn) {
      await sleep(this.#options.services.clock, 0);
      this.#computing.turned();
      // In that turn the call may have ended, or another document have come: this step is none of its steps.
      if (run.signal.aborted) return undefined;
    }
    return this.#runStep(run);
  }

  async #runStep(run: StepRun): Promise<SwmlError | undefined> {
    const { clock } = this.#options.services;
    const startedAt = clock.monotonic();
    const waits = this.#methods.get(run.step.method)?.blocks === true;
    const others = { hadTurn: false };
    // Time alone tells no wait: real time passes in every step, if only by microseconds.
    const turn = waits
      ? clock.after(0, () => {
          others.hadTurn = true;
        })
      : undefined;
    this.#tracer.stepStart(run.place);
    this.variables.takeChanges();
    // Not in a function of its own: every call that waits in a step would keep one more suspended.
    let outcome: Outcome;
    try {
      const running = this.#start(run);
      outcome = running instanceof Promise ? await untilAborted(running, run.signal) : { flow: running };
    } catch (cause) {
      outcome = { error: this.#asError(cause, run) };
    }
    let error: SwmlError | undefined;
    let label = 'stopped';
    if (outcome !== 'interrupted') {
      if ('error' in outcome) {
        error = outcome.error;
      } else {
        const followed = await this.#follow(outcome.flow, run);
        if (followed !== 'interrupted') {
          label = outcome.flow.kind;
          error = followed;
        }
      }
    }
    if (error === undefined && this.variables.characters > MAX_CHARACTERS) {
      error = run.error({
        fault: 'invalidValue',
        message: 'The variables of this script are too large',
        path: run.step.path,
        expected: `at most ${MAX_CHARACTERS} characters together`,
      });
    }
    if (error !== undefined) label = 'error';
    turn?.cancel();
    if (others.hadTurn && clock.monotonic() > startedAt) {
      this.#stepsWithoutWaiting = 0;
      this.#computing.waited();
    } else if (waits) {
      // It may have read a document that was given as text.
      this.#computing.held(clock.monotonic() - startedAt);
    }
    this.#tracer.stepEnd(run.place, startedAt, () => this.variables.takeChanges(), label);
    return error;
  }

  /** @throws as {@link StepRun.start} */
  #start(run: StepRun): Flow | Promise<Flow> {
    const method = this.#methods.get(run.step.method);
    if (method === undefined) throw run.error(unknownMethod(run.step, this.#methods));
    return run.start(method);
  }

  /** Goes where the flow leads, unless the way there is broken off. */
  async #follow(flow: Flow, run: StepRun): Promise<SwmlError | 'interrupted' | undefined> {
    try {
      switch (flow.kind) {
        case 'next':
          return undefined;
        case 'execute':
        case 'transfer': {
          const found = await untilAborted(this.#find(flow, run), run.signal);
          if (found === 'interrupted') return found;
          this.#transition(found.flow, run);
          return undefined;
        }
        case 'goto':
          this.#transition({ ...flow, step: run.step }, run);
          return undefined;
        default:
          this.#transition(flow, run);
          return undefined;
      }
    } catch (error) {
      return this.#asError(error, run);
    }
  }

  async #find(flow: Extract<Flow, { kind: 'execute' | 'transfer' }>, run: StepRun): Promise<Input> {
    const { services, strict, host } = this.#options;
    const scope = { ...run.scope, params: flow.params };
    const { document, section } = await findDestination(
      {
        dest: flow.dest,
        path: run.pathTo(flow.kind === 'transfer' ? (flow.parameter ?? 'dest') : 'dest'),
        method: flow.kind === 'transfer' ? (flow.method ?? 'POST') : 'POST',
        payload: host.payload(scope),
        signal: run.signal,
        warn: (message) => this.#warnOfDocument(message),
        fail: (finding, options) => run.error(finding, options),
      },
      run.frame.document,
      services.loader,
      strict === true,
    );
    await this.#prepare(document);
    if (flow.kind === 'transfer') return { kind: 'replace', document, section, params: flow.params };
    const { params, onReturn, result } = flow;
    return { kind: 'enter', step: run.step, document, section, params, onReturn, result };
  }

  #transition(input: Input, run?: StepRun): void {
    const transition = apply(this.#state, input);
    if ('refusal' in transition) {
      const finding: Finding = { ...transition.refusal, path: run?.step.path ?? [] };
      throw run?.error(finding) ?? errorAt(this.#options.document, finding);
    }
    this.#state = transition.state;
    if (transition.returned !== undefined) this.variables.assign('return_value', transition.returned.value);
  }

  /** Has ready what a document needs before its first step. */
  async #prepare(document: SwmlDocument): Promise<void> {
    if (!document.usesExpressions || this.#expressions !== undefined) return;
    this.#expressions = await this.#options.services.clock.holdWhile(loadExpressions());
  }

  #fail(error: SwmlError): ScriptResult {
    // A step that fails because the call ended under it is no error of the script.
    if (this.#options.host.signal.aborted && error.cause instanceof CallError) {
      return { outcome: 'ended', vars: this.variables.snapshot() };
    }
    this.#warn(error);
    return { outcome: 'error', error, vars: this.variables.snapshot() };
  }

  /** Variable `script_error`, event and log (spec/document.md 5.1). */
  #warn(error: SwmlError, run = this.#current): void {
    const { host, services } = this.#options;
    const { section = 'main', index = 0, method = '' } = run?.place ?? {};
    const place = { section, index, method };
    if (host.kind === 'calling') this.variables.assign('script_error', error.code);
    host.report(error, place, this.id);
    this.#tracer.warning(error, place);
    const { position, path, file } = error.diagnostic;
    const { line, column } = position ?? {};
    services.log.warn({ code: error.code, file, line, column, path, ...place }, error.message);
  }

  #warnOfDocument(message: string): void {
    if (this.#toldOfDocuments.has(message)) return;
    this.#toldOfDocuments.add(message);
    this.#options.services.log.warn({}, message);
  }

  #asError(error: unknown, run = this.#current): SwmlError {
    return asSwmlError(error, this.#options.document, run);
  }
}

/** The flow that a step leads to, unless `signal` aborts first; what then becomes of it is nobody's concern. */
function untilAborted<T>(
  running: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly flow: T } | 'interrupted'> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve('interrupted');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    running.then(
      (flow) => {
        signal.removeEventListener('abort', onAbort);
        resolve({ flow });
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) onAbort();
        else reject(error);
      },
    );
  });
}
