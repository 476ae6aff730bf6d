import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../swml/json.ts';
import { type ParsedText, parseText } from '../../swml/parse.ts';
import type { Path } from '../../swml/position.ts';

/**
 * The text of a document that stands inside another text, with blank lines in place of what is before it: so
 * lines and columns of its errors are those of the whole.
 * @returns undefined when there is no object at `path`
 */
export function embeddedText(text: string, parsed: ParsedText, path: Path): string | undefined {
  let value: JsonValue | undefined = parsed.value;
  for (const key of path) value = (value as Record<string | number, JsonValue> | undefined)?.[key];
  if (typeof value !== 'object' || value === null) return undefined;
  const { line, column } = parsed.locate(path);
  const lines = text.split(/\r?\n/);
  const first = lines[line - 1] ?? '';
  if (first[column - 1] !== '{' && first.slice(0, column - 1).trim() === '') {
    const isOutside = (other: string): boolean =>
      other.trim() !== '' && !other.trimStart().startsWith('#') && indentOf(other) < column - 1;
    const end = lines.findIndex((other, index) => index >= line && isOutside(other));
    const block = lines.slice(line - 1, end < 0 ? undefined : end);
    const embedded = `${'\n'.repeat(line - 1)}${block.join('\n')}\n`;
    if (holds(embedded, value)) return embedded;
  }
  // Written on one line, or with parts that are defined elsewhere: places are then those of this text.
  return JSON.stringify(value, null, 2);
}

function holds(text: string, value: JsonValue): boolean {
  try {
    return isDeepStrictEqual(parseText(text).value, value);
  } catch {
    return false;
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
