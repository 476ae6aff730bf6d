/** Texts that are nearly documents: made from real ones by small harm, the same ones for the same seed. */

export type Random = () => number;

/** Numbers from 0 to 1 (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)]!;
}

/** What breaks readers of YAML, of JSON, of placeholders and of the language. */
const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ': ',
    '- ',
    '-',
    '? ',
    '?',
    '&a ',
    '*a',
    '!t ',
    '!!str ',
    '!!binary ',
    '|',
    '|2-',
    '>',
  ],
  ...[
    '#',
    '"',
    "'",
    '`',
    '\\',
    '\n',
    '\r\n',
    '\r',
    '\t',
    '  ',
    '\0',
    '\ufeff',
    '\ud800',
    '\udfff',
    '\u2028',
    '\x1b[31m',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '<<: *a',
    '~',
    'null',
    'true',
    '.inf',
    '-.nan',
    '0x1F',
    '1e999',
    '-0',
    '1_000',
  ],
  ...[
    '99999999999999999999',
    '0o17',
    '2026-01-01',
    '1.0.0',
    '${',
    '%{',
    '}',
    '${a',
    '${}',
    '${a-b}',
    '${"}"}',
    "${'",
  ],
  ...[
    '${null.x()}',
    '${vars}',
    '${(() => { for (;;); })()}',
    '@{echo x}',
    '__proto__',
    'constructor',
    'toString',
    '',
  ],
  ...[
    'sections',
    'main',
    'version',
    'when',
    'then',
    'else',
    'case',
    'default',
    'dest',
    'label',
    'goto',
    'max',
    'params',
  ],
  ...['say:', 'silence:', 'ring:us', 'https://', 'relay:', 'sip:a@b', '{{', '}}', 'é', '😀', 'a'.repeat(300)],
];

/** One to six changes, some of them with a piece of another text. */
export function mutate(text: string, others: readonly string[], random: Random): string {
  let changed = text;
  const changes = 1 + Math.floor(random() * 6);
  for (let index = 0; index < changes; index++) changed = change(changed, others, random);
  return changed.slice(0, 60_000);
}

function change(text: string, others: readonly string[], random: Random): string {
  const at = Math.floor(random() * (text.length + 1));
  const end = Math.min(text.length, at + 1 + Math.floor(random() ** 3 * 60));
  const rest = text.slice(end);
  switch (Math.floor(random() * 9)) {
    case 0:
      return text.slice(0, at) + pick(PIECES, random) + text.slice(at);
    case 1:
      return text.slice(0, at) + pick(PIECES, random) + rest;
    case 2:
      return text.slice(0, at) + rest;
    case 3:
      return text.slice(0, end) + text.slice(at, end).repeat(1 + Math.floor(random() ** 4 * 100)) + rest;
    case 4:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
    case 5:
      return swapLines(text, random);
    case 6:
      return indentLine(text, random);
    case 7: {
      const other = pick(others, random);
      const from = Math.floor(random() * other.length);
      return text.slice(0, at) + other.slice(from, from + Math.floor(random() * 200)) + rest;
    }
    default:
      return swapWords(text, others, random);
  }
}

function swapLines(text: string, random: Random): string {
  const lines = text.split('\n');
  const [one, other] = [pick([...lines.keys()], random), pick([...lines.keys()], random)];
  [lines[one], lines[other]] = [lines[other]!, lines[one]!];
  return lines.join('\n');
}

function indentLine(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = pick([...lines.keys()], random);
  lines[at] = random() < 0.5 ? `  ${lines[at]}` : lines[at]!.replace(/^ {1,2}/, '');
  return lines.join('\n');
}

/** A word in the place of another: names of methods and properties where others belong. */
function swapWords(text: string, others: readonly string[], random: Random): string {
  const words = text.match(/[\w.-]+/g);
  const more = pick(others, random).match(/[\w.-]+/g);
  if (words === null || more === null) return text;
  return text.replace(pick(words, random), () => pick(more, random));
}
