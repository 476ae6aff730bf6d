import type { DocumentKind } from './error-codes.ts';
import { isArray, isObject, type JsonObject, type JsonValue, member, setMember } from './json.ts';
import { type PathSegments, parsePath } from './placeholders.ts';
import { sizeOf } from './size.ts';

/** Heads of a path that always mean a scope, so no variable can bear these names (spec/document.md 3). */
export const SCOPE_NAMES = ['call', 'params', 'vars', 'envs', 'message'] as const;

export type ScopeName = (typeof SCOPE_NAMES)[number];

/** What placeholders and expressions can read. */
export interface Scope {
  readonly kind: DocumentKind;
  readonly vars: JsonObject;
  readonly envs: JsonObject;
  readonly params: JsonObject;
  /** The `call` object, or `message` in a messaging document. */
  readonly subject: JsonObject;
}

/** The value at a path, or undefined when it is unset. */
export function lookup(scope: Scope, path: PathSegments): JsonValue | undefined {
  const head = String(path[0]);
  const named = scopeNamed(scope, head);
  let value: JsonValue | undefined;
  // Variables change in place: who is given all of them keeps them as they are now.
  if (named !== undefined) value = path.length === 1 && named === scope.vars ? { ...named } : named;
  else if (isScopeName(head)) return undefined;
  else value = bare(scope, head);
  for (let index = 1; index < path.length && value !== undefined; index++)
    value = member(value, path[index]!);
  return value;
}

/** A name without a prefix: `vars`, then `envs`, then `call`; in messaging documents `vars` alone. */
export function bare(scope: Scope, name: string): JsonValue | undefined {
  if (Object.hasOwn(scope.vars, name)) return scope.vars[name];
  if (scope.kind === 'messaging') return undefined;
  if (Object.hasOwn(scope.envs, name)) return scope.envs[name];
  return member(scope.subject, name);
}

export function scopeNamed(scope: Scope, name: string): JsonObject | undefined {
  if (name === 'vars') return scope.vars;
  if (name === 'params') return scope.params;
  if (name === 'envs') return scope.kind === 'calling' ? scope.envs : undefined;
  if (name === (scope.kind === 'calling' ? 'call' : 'message')) return scope.subject;
  return undefined;
}

export function isScopeName(name: string): name is ScopeName {
  return (SCOPE_NAMES as readonly string[]).includes(name);
}

/**
 * The variables of a session. Values are never changed in place, so a value that was read stays as it was.
 */
export class Variables {
  #values: Record<string, JsonValue> = {};
  #characters = 0;

  constructor(initial: JsonObject = {}) {
    for (const [name, value] of Object.entries(initial)) this.#assign(name, value);
  }

  /** How much they hold, as {@link sizeOf} counts. */
  get characters(): number {
    return this.#characters;
  }

  /** All of them, live: do not keep it over a change. */
  get all(): JsonObject {
    return this.#values;
  }

  get(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  /** `name` may be dotted: `a.b` makes or replaces the member `b` of `a`. `name` must be of {@link variablePath}. */
  set(name: string, value: JsonValue): void {
    const path = variablePath(name) ?? [name];
    const [head, ...rest] = path;
    this.#assign(String(head), rest.length === 0 ? value : withMember(this.get(String(head)), rest, value));
  }

  unset(name: string): void {
    const path = variablePath(name) ?? [name];
    const head = String(path[0]);
    if (path.length === 1) this.#assign(head, undefined);
    else {
      const value = this.get(head);
      if (value !== undefined) this.#assign(head, withoutMember(value, path.slice(1)));
    }
  }

  #assign(name: string, value: JsonValue | undefined): void {
    this.#characters += sizeOf(value).characters - sizeOf(this.get(name)).characters;
    if (value === undefined) delete this.#values[name];
    else setMember(this.#values, name, value);
  }

  snapshot(): JsonObject {
    return { ...this.#values };
  }
}

/**
 * The path that `set` and `unset` mean by a name, without a leading `vars.`; undefined when it is no legal
 * name of a variable.
 */
export function variablePath(name: string): PathSegments | undefined {
  const path = parsePath(name.startsWith('vars.') ? name : `vars.${name}`)?.slice(1);
  if (typeof path?.[0] !== 'string' || isScopeName(path[0])) return undefined;
  return path.length > MAX_MEMBERS ? undefined : path;
}

/** Longest way to a member by one name: a value is made, or copied, for each part of it. */
const MAX_MEMBERS = 64;

/** Arrays longer than this are not made by setting a far index. */
const MAX_INDEX = 9_999;

function withMember(target: JsonValue | undefined, path: PathSegments, value: JsonValue): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const inner = withMember(member(target, key), rest, value);
  // `list.0` is an item, as it is where it is read.
  const index = /^\d{1,9}$/.test(String(key)) ? Number(key) : Number.NaN;
  if (isArray(target) && (index <= MAX_INDEX || index < target.length)) {
    const copy: JsonValue[] = [...target];
    while (copy.length < index) copy.push(null);
    copy[index] = inner;
    return copy;
  }
  if (isArray(target)) {
    // The items stay, by their numbers, where a member with a name comes to them.
    const copy: Record<string, JsonValue> = Object.fromEntries(target.entries());
    setMember(copy, String(key), inner);
    return copy;
  }
  // `l[0]` of what is not there yet begins a list.
  if (key === 0 && !isObject(target)) return [inner];
  const copy: Record<string, JsonValue> = isObject(target) ? { ...target } : {};
  setMember(copy, String(key), inner);
  return copy;
}

function withoutMember(target: JsonValue, path: PathSegments): JsonValue {
  const [key, ...rest] = path;
  const present = member(target, key!);
  if (present === undefined) return target;
  if (Array.isArray(target)) {
    const copy: JsonValue[] = [...target];
    if (rest.length === 0) copy.splice(Number(key), 1);
    else copy[Number(key)] = withoutMember(present, rest);
    return copy;
  }
  const copy: Record<string, JsonValue> = { ...(target as JsonObject) };
  if (rest.length === 0) delete copy[String(key)];
  else setMember(copy, String(key), withoutMember(present, rest));
  return copy;
}
