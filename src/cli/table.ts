import { CONTROL } from '../trace/events.ts';

/**
 * Rows of text in columns as wide as they need to be, without a line feed at the end. What callers and servers sent
 * cannot steer the terminal.
 */
export function textTable(head: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map((cell) => cell.replace(CONTROL, ' ')));
  const widths = head.map((text, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), text.length),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}
