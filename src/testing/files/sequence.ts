/** How two sequences differ, line by line. */

/** One line: in both, only expected, or only found. */
export interface DiffLine {
  readonly kind: 'same' | 'expected' | 'found';
  readonly text: string;
}

/** Longest sequences that are compared item by item; of longer ones, so many from the first difference on. */
const MAX_ITEMS = 500;

/**
 * Pairs what fits together in both orders (longest common subsequence), and gives the rest as it stands.
 * @returns undefined when everything fits
 */
export function diffSequences<E, F>(
  expected: readonly E[],
  found: readonly F[],
  fits: (found: F, expected: E) => boolean,
  show: { readonly expected: (item: E) => string; readonly found: (item: F) => string },
): readonly DiffLine[] | undefined {
  let same = 0;
  while (same < expected.length && same < found.length && fits(found[same]!, expected[same]!)) same++;
  if (same === expected.length && same === found.length) return undefined;
  const from = Math.max(expected.length, found.length) > MAX_ITEMS ? same : 0;
  const one = expected.slice(from, from + MAX_ITEMS);
  const other = found.slice(from, from + MAX_ITEMS);
  const width = other.length + 1;
  const longest = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      longest[i * width + j] = fits(other[j]!, one[i]!)
        ? longest[(i + 1) * width + j + 1]! + 1
        : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    const here = longest[i * width + j]!;
    if (
      i < one.length &&
      j < other.length &&
      fits(other[j]!, one[i]!) &&
      here === longest[(i + 1) * width + j + 1]! + 1
    ) {
      lines.push({ kind: 'same', text: show.found(other[j]!) });
      i++;
      j++;
    } else if (i < one.length && (j === other.length || here === longest[(i + 1) * width + j]!)) {
      lines.push({ kind: 'expected', text: show.expected(one[i]!) });
      i++;
    } else {
      lines.push({ kind: 'found', text: show.found(other[j]!) });
      j++;
    }
  }
  return lines;
}

/** What of a sequence was not found in its order, among others; undefined when all of it was. */
export function missingFrom<E, F>(
  expected: readonly E[],
  found: readonly F[],
  fits: (found: F, expected: E) => boolean,
): E | undefined {
  let next = 0;
  for (const item of found) if (next < expected.length && fits(item, expected[next]!)) next++;
  return expected[next];
}
