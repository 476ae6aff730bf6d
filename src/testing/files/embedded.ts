import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../swml/json.ts';
import { type ParsedText, parseText, withoutByteOrderMark } from '../../swml/parse.ts';
import type { Path } from '../../swml/position.ts';

/**
 * The text of a document that stands inside another text, with blanks in place of what is before it: so lines
 * and columns of its errors are those of the whole.
 * @returns undefined when there is no object at `path`
 */
export function embeddedText(text: string, parsed: ParsedText, path: Path): string | undefined {
  let value: JsonValue | undefined = parsed.value;
  for (const key of path) value = (value as Record<string | number, JsonValue> | undefined)?.[key];
  if (typeof value !== 'object' || value === null) return undefined;
  const { line, column } = parsed.locate(path);
  const lines = withoutByteOrderMark(text)
    .split(/\r?\n/)
    .slice(line - 1);
  const embedded = lines[0]?.[column - 1] === '{' ? flow(lines, column) : block(lines, column);
  // With parts that are defined elsewhere (anchors), the places are those of a text of its own.
  if (embedded === undefined || !holds(embedded, value)) return JSON.stringify(value, null, 2);
  return '\n'.repeat(line - 1) + embedded;
}

/** Lines that are indented at least as far as the first one. */
function block(lines: readonly string[], column: number): string | undefined {
  if (lines[0]?.slice(0, column - 1).trim() !== '') return undefined;
  const end = lines.findIndex((line, index) => {
    const content = line.trimStart();
    return (
      index > 0 && content !== '' && !content.startsWith('#') && line.length - content.length < column - 1
    );
  });
  return `${lines.slice(0, end < 0 ? undefined : end).join('\n')}\n`;
}

/** From one brace to the one that closes it. */
function flow(lines: readonly string[], column: number): string | undefined {
  const rest = lines.join('\n').slice(column - 1);
  let depth = 0;
  for (const { 0: token, index } of rest.matchAll(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|\s#[^\n]*|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth === 0) return ' '.repeat(column - 1) + rest.slice(0, index + 1);
  }
  return undefined;
}

function holds(text: string, value: JsonValue): boolean {
  try {
    return isDeepStrictEqual(parseText(text).value, value);
  } catch {
    return false;
  }
}
