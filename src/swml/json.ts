/** Values of the language: what JSON can hold. */
import type { DocumentKind } from './error-codes.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export function jsonType(value: JsonValue): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'boolean' | 'number' | 'string' | 'object';
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The member of an object or array itself, never one of its prototype. */
export function member(value: JsonValue | undefined, key: string | number): JsonValue | undefined {
  if (isArray(value)) return typeof key === 'number' || /^\d+$/.test(key) ? value[Number(key)] : undefined;
  if (!isObject(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Sets an own member, also one with the name `__proto__`. */
export function setMember(target: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/**
 * A value as it stands inside other text (spec/document.md 4.2). In a message a list is JSON, whatever it
 * holds (spec/messaging.md 3).
 */
export function toText(value: JsonValue | undefined, kind: DocumentKind = 'calling'): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (kind === 'calling' && isArray(value) && value.every((item) => !isArray(item) && !isObject(item))) {
    return value.map((item) => toText(item)).join(',');
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A value for a message to people, cut at `limit` characters. */
export function preview(value: JsonValue | undefined, limit = 60): string {
  // JSON has no NaN, which JavaScript in a document gives, and would call it null.
  const text =
    value === undefined ? 'nothing' : typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}
