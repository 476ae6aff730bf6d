/**
 * What a method of the language is. One file in `calling/` or `messaging/` per method, each a call of
 * {@link defineMethod}; the registries of these files drive validation, JSON Schema, dispatch and docs.
 */
import type { DocumentKind } from '../swml/error-codes.ts';
import type { JsonValue } from '../swml/json.ts';
import type { Infer, Schema } from '../swml/schema.ts';
import type { MessageContext, MethodContext } from './context.ts';
import type { Flow } from './flow.ts';

export interface MethodDefinition<P = unknown, C = MethodContext> {
  readonly name: string;
  readonly kind: DocumentKind;
  /** What it does, one sentence. */
  readonly summary: string;
  /** What its value may be. A bare method name and an empty value count as `{}` where this is an object. */
  readonly params: Schema<P>;
  /** Other ways to write the value: gives the canonical one, or undefined for a value that is none of them. */
  readonly shorthand?: Shorthand;
  readonly outputs: readonly OutputVariable[];
  /** Types of the status callbacks that it can send. */
  readonly events: readonly string[];
  /**
   * `foreground`: the next step waits for the end. `background`: it runs at once. `immediate`: there is no wait.
   * `control`: the method says what runs next. `terminal`: nothing does.
   */
  readonly execution: 'foreground' | 'background' | 'immediate' | 'control' | 'terminal';
  /** Whether it answers an unanswered inbound call. */
  readonly answers: 'always' | 'unless-told' | 'never';
  /** Whether it can wait for something outside the script; a run of steps that do not is limited in number. */
  readonly blocks: boolean;
  /** YAML of one or more steps. */
  readonly examples: readonly string[];
  /**
   * Runs a step with its parameters expanded and checked. Absent: the method is legal in a document, but this
   * version cannot run it.
   * @throws SwmlError for a fault in the document; CallError from the leg
   */
  readonly run?: (context: C, params: P) => Flow | Promise<Flow>;
}

export interface OutputVariable {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'any';
  /** Its possible values, where they are few. */
  readonly values?: readonly string[];
  readonly description: string;
}

export interface Shorthand<H extends Schema = Schema> {
  /** In words, e.g. "a text, which is then `url`". */
  readonly description: string;
  readonly schema: H;
  readonly expand: (value: JsonValue) => JsonValue | undefined;
}

/** A method whatever its parameters are: the form in which the registries hold all of them. */
export type AnyMethod = Omit<MethodDefinition, 'params' | 'run'> & {
  readonly params: Schema;
  readonly run?: (context: never, params: never) => Flow | Promise<Flow>;
};

/** What the types of a method know of its name and of the forms of its value. */
export interface Forms<N extends string = string, S extends Schema = Schema, H extends Schema = Schema> {
  readonly name: N;
  readonly params: S;
  readonly shorthand?: Shorthand<H>;
}

type Defined<M, F extends Forms> = Omit<M, keyof Forms> & F;

/** A method of calling documents; its parts are checked against each other by their types. */
export function defineMethod<const N extends string, const S extends Schema, const H extends Schema = never>(
  definition: Defined<MethodDefinition<Infer<S>>, Forms<N, S, H>>,
): Defined<MethodDefinition<Infer<S>>, Forms<N, S, H>> {
  return definition;
}

/** A method of messaging documents; as {@link defineMethod}. */
export function defineMessagingMethod<
  const N extends string,
  const S extends Schema,
  const H extends Schema = never,
>(
  definition: Defined<
    Omit<MethodDefinition<Infer<S>, MessageContext>, 'kind' | 'answers' | 'events'>,
    Forms<N, S, H>
  >,
): Defined<MethodDefinition<Infer<S>, MessageContext>, Forms<N, S, H>> {
  return { kind: 'messaging', answers: 'never', events: [], ...definition };
}
