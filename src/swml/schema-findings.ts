/** What is found when a value does not fit its schema. */
import type { Finding } from './document.ts';
import { type JsonValue, preview } from './json.ts';
import type { Path } from './position.ts';
import type { Schema } from './schema.ts';
import { describe } from './schema-describe.ts';

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
    found: preview(found),
    suggestion,
  });
}

/** What a value is called in a message: the nearest name above it. */
export function subject(path: Path): string {
  const name = [...path].reverse().find((part) => typeof part === 'string');
  return name === undefined ? 'This' : `"${name}"`;
}
