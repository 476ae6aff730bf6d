/** Rows of text in columns as wide as they need to be, without a line feed at the end. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
