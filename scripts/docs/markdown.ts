/** Markdown that several generated pages are made of. */
import type { Schema } from '../../src/swml/schema.ts';
import { describe } from '../../src/swml/schema-describe.ts';

/** Objects are unfolded into one table down to this depth. */
const MAX_DEPTH = 3;

/** First line of a generated page. */
export function generated(source: string): string {
  return `<!-- Made by scripts/generate-docs.ts from ${source}. Change it there. -->`;
}

/** One row for each property; empty when there are none. */
export function parameterTable(schema: Schema): string {
  const rows = rowsOf(schema, '', 0, new Set());
  if (rows.length === 0) return schema.node.kind === 'object' ? '' : `Type: ${typeName(schema)}.`;
  return table(['Name', 'Type', 'Default', 'Meaning'], rows);
}

function rowsOf(schema: Schema, prefix: string, depth: number, seen: Set<string>): string[][] {
  const { node } = schema;
  if (depth > MAX_DEPTH) return [];
  switch (node.kind) {
    case 'object':
      return Object.entries(node.properties).flatMap(([name, property]) => [
        parameterRow(`${prefix}${name}`, property),
        ...rowsOf(property, `${prefix}${name}.`, depth + 1, seen),
      ]);
    case 'array':
      return rowsOf(node.items, `${prefix.replace(/\.$/, '')}[].`, depth, seen);
    case 'union':
      return node.variants.flatMap((variant) => rowsOf(variant, prefix, depth, seen));
    case 'named':
      if (seen.has(node.name)) return [];
      return rowsOf(node.get(), prefix, depth, new Set([...seen, node.name]));
    default:
      return [];
  }
}

function parameterRow(name: string, property: Schema): string[] {
  const { info } = property;
  const standard =
    info.default === undefined ? (info.defaultText ?? '') : `\`${JSON.stringify(info.default)}\``;
  const type = `${typeName(property)}${info.unit === undefined ? '' : `, ${info.unit}`}`;
  const notes = [info.description ?? '', ...(info.deprecated ? ['Deprecated.'] : [])].join(' ');
  return [`\`${name}\``, type, info.required ? '**required**' : standard, notes];
}

function typeName(schema: Schema): string {
  return describe(schema).replaceAll('"', '`');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
