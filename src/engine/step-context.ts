import type {
  ErrorDetails,
  FlowContext,
  HttpClient,
  ScriptVariables,
  StatusCallback,
} from '../methods/context.ts';
import type { Choice } from '../methods/flow.ts';
import type { Logger } from '../log/logger.ts';
import type { Block } from '../swml/document.ts';
import type { ErrorCode, Fault } from '../swml/error-codes.ts';
import type { SwmlError } from '../swml/errors.ts';
import type { JsonValue } from '../swml/json.ts';
import type { Clock } from '../time/clock.ts';
import type { StepRun } from './step-run.ts';

/** What a method can see and do of its step. Calls keep one for as long as they are recorded, so it is no more than this. */
export class StepContext implements FlowContext {
  readonly #run: StepRun;

  constructor(run: StepRun) {
    this.#run = run;
  }

  get vars(): ScriptVariables {
    return this.#run.variables;
  }

  get clock(): Clock {
    return this.#run.services.clock;
  }

  get log(): Logger {
    return this.#run.services.log;
  }

  get http(): HttpClient {
    return this.#run.services.http;
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  newId(): string {
    return this.#run.services.newId?.() ?? crypto.randomUUID();
  }

  expand(value: JsonValue, parameter?: string): JsonValue {
    return this.#run.expand(value, parameter);
  }

  lookup(path: string): JsonValue | undefined {
    return this.#run.lookup(path);
  }

  evaluate(source: string, parameter?: string): JsonValue | undefined {
    return this.#run.evaluate(source, this.#run.pathTo(parameter));
  }

  choose(choice: Choice): Block | undefined {
    return this.#run.choose(choice);
  }

  emit(callback: StatusCallback): void {
    this.#run.emit(callback);
  }

  warn(fault: Fault, message: string, code?: ErrorCode): void {
    this.#run.warn(fault, message, code);
  }

  error(fault: Fault, message: string, details?: ErrorDetails): SwmlError {
    return this.#run.stepError(fault, message, details);
  }
}
