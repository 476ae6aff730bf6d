import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closingBrace, hasPlaceholder, parsePath, parseTemplate } from './placeholders.ts';

const path = (body: string, ...segments: (string | number)[]) => ({ kind: 'path', body, path: segments });
const code = (body: string) => ({ kind: 'expression', body });

const TEMPLATES: readonly [text: string, template: unknown[]][] = [
  ['', []],
  ['plain', ['plain']],
  ['${a}', [path('a', 'a')]],
  ['%{a}', [path('a', 'a')]],
  ['Hi ${call.from}!', ['Hi ', path('call.from', 'call', 'from'), '!']],
  ['${a}${b}', [path('a', 'a'), path('b', 'b')]],
  ['${ a }', [path('a', 'a')]],
  ['${list[0].name}', [path('list[0].name', 'list', 0, 'name')]],
  ['${a["x y"]}', [path('a["x y"]', 'a', 'x y')]],
  ["${a['it\\'s']}", [path("a['it\\'s']", 'a', "it's")]],
  [
    '${request_response_headers.content-type}',
    [path('request_response_headers.content-type', 'request_response_headers', 'content-type')],
  ],
  ['${items.length}', [path('items.length', 'items', 'length')]],
  ['${(items.length)}', [code('(items.length)')]],
  ['${items.join("-")}', [code('items.join("-")')]],
  ['${a-b}', [code('a-b')]],
  ['${a ? "}" : "{"}', [code('a ? "}" : "{"')]],
  ["${f('}')} x", [code("f('}')"), ' x']],
  ['${ {a: {b: 1}} }', [code('{a: {b: 1}}')]],
  ['${`}`}', [code('`}`')]],
  ['${"\\"}"}', [code('"\\"}"')]],
  ['${s.replace(/}/g, "")}', [code('s.replace(/}/g, "")')]],
  ["${s.replace(/'/g, '')}, it's", [code("s.replace(/'/g, '')"), ", it's"]],
  [
    '{"a": "${s.replace(/["/{]/g, "")}", "b": ""}',
    ['{"a": "', code('s.replace(/["/{]/g, "")'), '", "b": ""}'],
  ],
  ['${l.map((x) => /\\/}/.test(x))}', [code('l.map((x) => /\\/}/.test(x))')]],
  ['${(a) / b}/${c / d}', [code('(a) / b'), '/', code('c / d')]],
  ['${f(/* no / pattern */ a)}', [code('f(/* no / pattern */ a)')]],
  ['${}', [code('')]],
  ['$', ['$']],
  ['$5 {x}', ['$5 {x}']],
  ['${open', ['${open']],
  ['a ${open {x}', ['a ${open {x}']],
];

/** Rows that the reference gives as consequences of its grammar. */
const RULES: Readonly<Record<string, string>> = {
  '${a}': 'document.md 4.1, ${…}: opens a placeholder',
  '%{a}': 'document.md 4.1, %{…}: opens a placeholder, with the same meaning',
  '${list[0].name}': 'document.md 4.1, ${list[0].name}: a path, zero-based',
  '${items.length}': 'document.md 4.1, ${items.length}: a path',
  '${(items.length)}': 'document.md 4.1, ${(items.length)}: JavaScript',
  '${items.join("-")}': 'document.md 4.1, ${items.join("-")}: JavaScript, it has a call',
  '${a-b}': 'document.md 4.1, ${a-b}: JavaScript, a hyphen is a path character only after a dot',
  '${a ? "}" : "{"}': 'document.md 4.1, end of a placeholder: quotes may hold braces',
};

for (const [text, template] of TEMPLATES) {
  test(`${RULES[text] ?? 'the template'} of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseTemplate(text), template);
  });
}

test('document.md 4.1, ${…}: is text in a messaging document, and %{…} that is no path too', () => {
  assert.deepEqual(parseTemplate('${a} %{b} %{b + 1}', 'messaging'), ['${a} ', path('b', 'b'), ' %{b + 1}']);
  assert.equal(hasPlaceholder('${a}', 'messaging'), false);
});

test('document.md 4.1, path grammar: a name starts with a letter, _ or $; hyphens are allowed behind a dot alone', () => {
  assert.deepEqual(parsePath('_a.b-c.$d'), ['_a', 'b-c', '$d']);
  for (const text of ['', '1a', 'a-b', 'a.', 'a..b', 'a[x]', 'a[-1]', 'a[1', '.a', 'a b', 'a[1.5]']) {
    assert.equal(parsePath(text), undefined, text);
  }
});

test('property: any text is taken apart without loss of its literal characters', () => {
  const piece = fc.oneof(
    fc.constantFrom('$', '%', '{', '}', '${', '%{', '"', "'", '`', '\\', 'a', ' '),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      let from = 0;
      for (const part of parseTemplate(text)) {
        const literal = typeof part === 'string' ? part : part.body;
        const at = text.indexOf(literal, from);
        assert.ok(at >= from);
        from = at + literal.length;
      }
    }),
  );
});

test('document.md 4.1, end of a placeholder: text around it stays as it is (property)', () => {
  const literal = fc.string({ maxLength: 20 }).filter((text) => !/[$%{]/.test(text));
  fc.assert(
    fc.property(literal, fc.stringMatching(/^[a-z_]{1,8}$/), literal, (before, name, after) => {
      const parts = parseTemplate(`${before}\${${name}}${after}`);
      assert.deepEqual(
        parts.map((part) => (typeof part === 'string' ? part : part.body)),
        [before, name, after].filter((text) => text !== ''),
      );
    }),
  );
});

test('document.md 4.1, end of a placeholder: a quoted text inside never ends it (property)', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (text) => {
      const body = `f(${JSON.stringify(text)})`;
      assert.equal(closingBrace(`{${body}}`, 0), body.length + 1);
    }),
  );
});

/** Literal text that opens nothing, and bodies that close what they open. */
const literal = fc.string({ maxLength: 12 }).filter((text) => !/[$%{]/.test(text) && text !== '');
const bodies = fc.oneof(
  fc.stringMatching(/^[a-z_]{1,6}(?:\.[a-z-]{1,4}|\[\d\]){0,3}$/),
  fc.string({ maxLength: 8 }).map((text) => `f(${JSON.stringify(text)})`),
  fc.constantFrom('a ? "}" : \'{\'', '`}${x}`', '{a: {b: [1]}}', 'a["}"]', "b['it\\'s}']", '(x) => ({y: x})'),
);

test('document.md 4.1, end of a placeholder: what is put together is taken apart the same (property)', () => {
  const part = fc.oneof(
    literal.map((text) => ({ text, source: text })),
    fc
      .tuple(fc.constantFrom('$', '%'), bodies)
      .map(([sign, body]) => ({ text: body.trim(), source: `${sign}{${body}}` })),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const found = parseTemplate(parts.map(({ source }) => source).join(''));
      // Literal text that meets literal text is one piece.
      const texts = found.map((one) => (typeof one === 'string' ? one : one.body));
      assert.equal(texts.join('\0'), joined(parts).join('\0'));
    }),
  );
});

function joined(parts: readonly { readonly text: string; readonly source: string }[]): string[] {
  const result: string[] = [];
  let literalBefore = false;
  for (const { text, source } of parts) {
    const isLiteral = text === source;
    if (isLiteral && literalBefore) result.push(result.pop()! + text);
    else result.push(text);
    literalBefore = isLiteral;
  }
  return result;
}

test('document.md 4.1, path grammar: any keys and indexes in quotes and brackets come back (property)', () => {
  const key = fc.string({ maxLength: 10 });
  const segment = fc.oneof(key, fc.nat(999));
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z_$][\w$]{0,5}$/),
      fc.array(segment, { maxLength: 5 }),
      (head, rest) => {
        const quoted = (text: string): string => `["${text.replace(/[\\"]/g, '\\$&')}"]`;
        const text = head + rest.map((one) => (typeof one === 'number' ? `[${one}]` : quoted(one))).join('');
        assert.deepEqual(parsePath(text), [head, ...rest]);
      },
    ),
  );
});

test('document.md 4.1, ${…}: messaging sees exactly the paths in %{…} that calling sees (property)', () => {
  const piece = fc.constantFrom(
    '$',
    '%',
    '{',
    '}',
    '${a}',
    '%{a.b}',
    '%{a + 1}',
    "'",
    '"',
    '\\',
    'x',
    ' ',
    '%{',
    '}}',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('');
      for (const part of parseTemplate(text, 'messaging')) {
        if (typeof part === 'string') continue;
        assert.equal(part.kind, 'path');
        assert.ok(text.includes(`%{`) && parsePath(part.body) !== undefined);
      }
      const kept = parseTemplate(text, 'messaging').map((part) =>
        typeof part === 'string' ? part : `%{${part.body}}`,
      );
      assert.equal(kept.join('').replaceAll(' ', ''), text.replaceAll(' ', ''), 'nothing but blanks is lost');
    }),
  );
});

test('scanning is linear: a mebibyte of unclosed quotes and braces is read at once', () => {
  for (const unit of ['${', "'\\", '"', "{'", '}${', '`$', '%{"\\"', '(/[', '{/']) {
    const text = `\${${unit.repeat(500_000 / unit.length)}`;
    assert.ok(parseTemplate(text).length >= 1);
  }
});
