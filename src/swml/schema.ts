/**
 * Descriptions of parameters: one value that gives the TypeScript type, the checks at load and at run, the
 * JSON Schema and the documentation. A schema is plain data; `schema-read.ts` reads values by it.
 */
import type { ErrorCode } from './error-codes.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { Path } from './position.ts';
import type { Block } from './document.ts';

/** Whether a property must be given, has a default, or may be absent. */
export type Presence = 'required' | 'defaulted' | 'optional';

/** `T`: the value as it is read. `W`: the value as it may be written in a document. */
export interface Schema<T = unknown, P extends Presence = Presence, W = unknown> {
  readonly node: SchemaNode;
  readonly info: SchemaInfo;
  /** Never there at run time; carries the types. */
  readonly types?: { readonly value: T; readonly presence: P; readonly written: W };
}

export interface SchemaInfo {
  readonly description?: string | undefined;
  readonly required?: boolean | undefined;
  readonly default?: JsonValue | undefined;
  /** What holds when the property is absent, where that is no fixed value. */
  readonly defaultText?: string | undefined;
  readonly examples?: readonly JsonValue[] | undefined;
  readonly unit?: string | undefined;
  readonly deprecated?: boolean | undefined;
  /** What is wrong with an object or list that its parts cannot say; asked with the value as it is written. */
  readonly refine?: ((value: JsonValue) => Refinement | undefined) | undefined;
  /** What `refine` or `check` demand, as far as JSON Schema can say it; goes into the schema of the value. */
  readonly jsonSchema?: JsonObject | undefined;
  /** The code of the language for a value that is missing or wrong here, where it has one of its own. */
  readonly code?: ErrorCode | undefined;
  /** Placeholders are not expanded: labels, paths, JavaScript. */
  readonly literal?: boolean | undefined;
}

export interface Refinement {
  readonly fault: 'missingParameter' | 'invalidParameter' | 'conflict' | 'duplicate';
  readonly message: string;
  /** Way from the value to what is wrong in it. */
  readonly at?: Path;
  readonly expected?: string;
}

export type SchemaNode =
  | StringNode
  | NumberNode
  | { readonly kind: 'boolean' }
  | { readonly kind: 'any' }
  | ObjectNode
  | ArrayNode
  | { readonly kind: 'union'; readonly variants: readonly Schema[] }
  | StepsNode
  /** Another schema, by a name that JSON Schema refers to; lets schemas be recursive. */
  | { readonly kind: 'named'; readonly name: string; readonly get: () => Schema };

/** A list of steps. */
export interface StepsNode {
  readonly kind: 'steps';
  /** Runs on its own, as a section does: labels around it are not seen from it. */
  readonly own?: boolean | undefined;
  /** The only methods that may stand in it. */
  readonly methods?: readonly string[] | undefined;
}

export interface StringNode {
  readonly kind: 'string';
  readonly enum?: readonly string[] | undefined;
  /** Values beyond the published ones that are taken too, except in strict mode. */
  readonly extended?: readonly string[] | undefined;
  readonly pattern?: RegExp | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly format?: StringFormat | undefined;
  /** What was expected, when a text does not pass; for rules that no other field can say. */
  readonly check?: ((text: string) => string | undefined) | undefined;
  /** In words, for messages and documentation: "digits 0-9, A-D, * and #". */
  readonly allowed?: string | undefined;
  /** Well-known values among free ones, for editors. */
  readonly suggested?: readonly string[] | undefined;
}

/** `http-url`: absolute, http or https. */
export type StringFormat = 'http-url' | 'uri' | 'javascript' | 'path';

export interface NumberNode {
  readonly kind: 'number' | 'integer';
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Further values beside the range. */
  readonly also?: readonly number[] | undefined;
}

export interface ObjectNode {
  readonly kind: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
  /** For names that are not listed; without it such a name is unknown. */
  readonly additional?: Schema | undefined;
  /** What was expected, when a free name is not legal. */
  readonly checkName?: ((name: string) => string | undefined) | undefined;
  /** Of each group exactly one must be given. */
  readonly exclusive?: readonly Exclusive[] | undefined;
}

export interface Exclusive {
  readonly names: readonly string[];
  /** More than one may be given after all. */
  readonly several?: boolean;
}

export interface ArrayNode {
  readonly kind: 'array';
  readonly items: Schema;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
}

/** The type that reading by a schema gives. */
export type Infer<S> = S extends Schema<infer T, Presence> ? T : never;

/** The type of what may be written; lists of steps are {@link StepsMark} in it. */
export type Written<S> = S extends Schema<unknown, Presence, infer W> ? W : never;

/** A text with a placeholder, whose value is known only when the step runs. */
export type Placeholder = `${string}\${${string}}${string}` | `${string}%{${string}}${string}`;

declare const STEPS: unique symbol;
/** Stands for a list of steps in a type that is written; what a step is depends on the kind of the document. */
export interface StepsMark {
  readonly [STEPS]: never;
}

type PresenceOf<I> = I extends { readonly required: true }
  ? 'required'
  : I extends { readonly default: JsonValue }
    ? 'defaulted'
    : 'optional';

type Properties = Readonly<Record<string, Schema>>;
type Simplify<T> = { readonly [K in keyof T]: T[K] };
type Given<P extends Properties> = {
  [K in keyof P]: P[K] extends Schema<unknown, infer Q> ? (Q extends 'optional' ? never : K) : never;
}[keyof P];

export type InferObject<P extends Properties> = Simplify<
  { readonly [K in Given<P>]: Infer<P[K]> } & { readonly [K in Exclude<keyof P, Given<P>>]?: Infer<P[K]> }
>;

type Needed<P extends Properties> = {
  [K in keyof P]: P[K] extends Schema<unknown, infer Q> ? (Q extends 'required' ? K : never) : never;
}[keyof P];

export type WrittenObject<P extends Properties> = Simplify<
  { readonly [K in Needed<P>]: Written<P[K]> } & {
    readonly [K in Exclude<keyof P, Needed<P>>]?: Written<P[K]> | undefined;
  }
>;

/** An object that takes further names says nothing of their values. */
type WrittenOf<P extends Properties, O> =
  | (O extends { readonly additional: Schema }
      ? WrittenObject<P> & Readonly<Record<string, unknown>>
      : WrittenObject<P>)
  | Placeholder;

type WrittenText<O> = O extends { readonly enum: readonly string[] }
  ? TextOf<O> | Placeholder | ('true' extends TextOf<O> ? boolean : never)
  : string;

type WrittenNumber = number | `${number}` | Placeholder;
type WrittenBoolean = boolean | 'true' | 'false' | Placeholder;

type TextOf<O> = O extends { readonly enum: readonly (infer E)[] }
  ? E | (O extends { readonly extended: readonly (infer X)[] } ? X : never)
  : string;

type StringOptions = SchemaInfo & Omit<StringNode, 'kind'>;
type NumberOptions = SchemaInfo & Omit<NumberNode, 'kind'>;

export function string<const O extends StringOptions>(
  options: O,
): Schema<TextOf<O>, PresenceOf<O>, WrittenText<O>> {
  const {
    enum: values,
    extended,
    pattern,
    minLength,
    maxLength,
    format,
    check,
    allowed,
    suggested,
    ...info
  } = options;
  const node: StringNode = {
    kind: 'string',
    enum: values,
    extended,
    pattern,
    minLength,
    maxLength,
    format,
    check,
    allowed,
    suggested,
  };
  return { node, info };
}

export function number<const O extends NumberOptions>(
  options: O,
): Schema<number, PresenceOf<O>, WrittenNumber> {
  return numeric('number', options);
}

export function integer<const O extends NumberOptions>(
  options: O,
): Schema<number, PresenceOf<O>, WrittenNumber> {
  return numeric('integer', options);
}

export function boolean<const O extends SchemaInfo>(
  options: O,
): Schema<boolean, PresenceOf<O>, WrittenBoolean> {
  return { node: { kind: 'boolean' }, info: options };
}

export function any<const O extends SchemaInfo>(options: O): Schema<JsonValue, PresenceOf<O>, JsonValue> {
  return { node: { kind: 'any' }, info: options };
}

export function object<
  const P extends Properties,
  const O extends SchemaInfo & Pick<ObjectNode, 'additional' | 'exclusive'>,
>(properties: P, options: O): Schema<InferObject<P>, PresenceOf<O>, WrittenOf<P, O>> {
  const { additional, exclusive, ...info } = options;
  return { node: { kind: 'object', properties, additional, exclusive }, info };
}

/** An object with free names. */
export function record<T, W, const O extends SchemaInfo & Pick<ObjectNode, 'checkName'>>(
  values: Schema<T, Presence, W>,
  options: O,
): Schema<Readonly<Record<string, T>>, PresenceOf<O>, Readonly<Record<string, W>> | Placeholder> {
  const { checkName, ...info } = options;
  return { node: { kind: 'object', properties: {}, additional: values, checkName }, info };
}

export function array<T, W, const O extends SchemaInfo & { minItems?: number; maxItems?: number }>(
  items: Schema<T, Presence, W>,
  options: O,
): Schema<readonly T[], PresenceOf<O>, readonly W[] | Placeholder> {
  const { minItems, maxItems, ...info } = options;
  return { node: { kind: 'array', items, minItems, maxItems }, info };
}

/** The first variant that the value fits; of several of one JSON type, the one with the fewest faults. */
export function union<const V extends readonly Schema[], const O extends SchemaInfo>(
  variants: V,
  options: O,
): Schema<Infer<V[number]>, PresenceOf<O>, Written<V[number]>> {
  return { node: { kind: 'union', variants }, info: options };
}

export function steps<const O extends SchemaInfo & Omit<StepsNode, 'kind'>>(
  options: O,
): Schema<Block, PresenceOf<O>, StepsMark> {
  const { own, methods, ...info } = options;
  return { node: { kind: 'steps', own, methods }, info };
}

/** `name` must be unique among all schemas: JSON Schema puts it under `$defs`. */
export function named<T, W, const O extends SchemaInfo>(
  name: string,
  get: () => Schema<T, Presence, W>,
  options: O,
): Schema<T, PresenceOf<O>, W> {
  return { node: { kind: 'named', name, get }, info: options };
}

function numeric<T, P extends Presence, W>(
  kind: 'number' | 'integer',
  options: NumberOptions,
): Schema<T, P, W> {
  const { min, max, also, ...info } = options;
  return { node: { kind, min, max, also }, info };
}
