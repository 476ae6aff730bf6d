/** What is found when a value does not fit its schema. */
import { isSecretName, redactUris, redactUrl } from '../log/redact.ts';
import type { Finding } from './document.ts';
import { isArray, isObject, type JsonValue, preview } from './json.ts';
import type { Path } from './position.ts';
import type { Schema } from './schema.ts';
import { describe } from './schema-describe.ts';

/** In the place of a secret, where a value would be quoted. */
export const NOT_SHOWN = 'a secret, not shown';

interface Reporter {
  readonly report: (finding: Finding) => void;
}

export function missing(context: Reporter, path: Path, name: string, property: Schema): void {
  context.report({
    fault: 'missingParameter',
    message: `${subject(path)} needs "${name}"`,
    path,
    absent: name,
    part: 'key',
    expected: `"${name}": ${describe(property)}`,
    code: property.info.code,
  });
}

export function invalid(
  context: Reporter,
  path: Path,
  expected: string,
  found: JsonValue,
  suggestion?: string,
): void {
  context.report({
    fault: 'invalidParameter',
    message: `${subject(path)} cannot have this value`,
    path,
    expected,
    found: shown(found, path),
    suggestion,
  });
}

/**
 * A value as a finding quotes it. Findings go into logs, traces and callbacks: so without the passwords of addresses,
 * also of what is no URL because of its password, and without what stands under the name of a secret.
 * @param path whose names say what the value is; default: none does, since they are free (sections)
 */
export function shown(value: JsonValue, path: Path = []): string {
  return isOfSecret(path) ? NOT_SHOWN : preview(withoutSecrets(value));
}

/** Whether what stands there has the name of a secret. */
export function isOfSecret(path: Path): boolean {
  return isSecretName(nameOf(path) ?? '');
}

function withoutSecrets(value: JsonValue): JsonValue {
  if (typeof value === 'string') return redactUris(redactUrl(value));
  if (isArray(value)) return value.map(withoutSecrets);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, isSecretName(name) ? '…' : withoutSecrets(part)]),
  );
}

/** What a value is called in a message: the nearest name above it. */
export function subject(path: Path): string {
  const name = nameOf(path);
  return name === undefined ? 'This' : `"${name}"`;
}

function nameOf(path: Path): string | undefined {
  return [...path].reverse().find((part): part is string => typeof part === 'string');
}
