/** The JSON Schema takes what the loader takes without a word, over documents that nobody wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { DocumentKind } from '../swml/error-codes.ts';
import { isArray, isObject, type JsonValue } from '../swml/json.ts';
import { parseText } from '../swml/parse.ts';
import { checkDocument } from './check.ts';
import { jsonSchema } from './json-schema.ts';
import { methodsOf } from './registry.ts';

/** Values that are right or nearly right in many places. */
const VALUE = fc.oneof(
  fc.constantFrom<JsonValue>(
    ...[0, 1, -1, 2.5, 100, 1e9, true, false, '', '5', ' 2.5 ', '-1', '1e3', '0x10', 'true', 'false', 'yes'],
    ...['${n}', '%{n}', '-${n}', 'a ${b.c[0]} d', '${1 + 1}', '%{1 + 1}', '${open', 'say:hi', 'silence:1'],
    ...['https://example.com/a', 'HTTPS://example.com', 'sip:a@example.com', '+15550100', 'wss://a.example'],
    ...['both', 'POST', 'en-US', 'main', 'x == 1', '#*', 'busy', 'none'],
  ),
  fc.constantFrom<JsonValue>(
    [],
    {},
    ['say:a'],
    ['${n}'],
    ['answer'],
    [{ answer: {} }],
    { answer: null },
    'answer',
  ),
);

const DOCUMENTS: Readonly<Record<DocumentKind, readonly JsonValue[]>> = {
  calling: documentsOf('calling'),
  messaging: documentsOf('messaging'),
};

/** The examples of all methods, and every property of every method with a value of its own kind. */
function documentsOf(kind: DocumentKind): JsonValue[] {
  return [...methodsOf(kind).values()].flatMap(({ examples, params, name }) => {
    const properties = params.node.kind === 'object' ? Object.keys(params.node.properties) : [];
    const written = examples.map((example) => parseText(example).value);
    return [
      ...written.map((steps) => ({ sections: { main: steps } })),
      ...properties.flatMap((property) =>
        written.flatMap((steps) => {
          const own = isArray(steps)
            ? steps.find((step) => isObject(step) && isObject(step[name]))
            : undefined;
          if (!isObject(own)) return [];
          const value = own[name] as Readonly<Record<string, JsonValue>>;
          return [{ sections: { main: [{ [name]: { ...value, [property]: 1 } }] } }];
        }),
      ),
    ];
  });
}

/** Puts `value` in the place of the part of `document` that `pick` leads to, or takes that part away. */
function changed(document: JsonValue, pick: readonly number[], value: JsonValue | undefined): JsonValue {
  const [index, ...rest] = pick;
  if (index === undefined) return value ?? null;
  if (isArray(document) && document.length > 0) {
    const at = index % document.length;
    return rest.length === 0 && value === undefined
      ? document.toSpliced(at, 1)
      : document.with(at, changed(document[at]!, rest, value));
  }
  if (isObject(document) && Object.keys(document).length > 0) {
    const keys = Object.keys(document);
    const key = keys[index % keys.length]!;
    const { [key]: part, ...others } = document;
    return rest.length === 0 && value === undefined
      ? others
      : Object.fromEntries(
          keys.map((name) => [name, name === key ? changed(part!, rest, value) : document[name]!]),
        );
  }
  return value ?? document;
}

for (const kind of ['calling', 'messaging'] as const) {
  test(`the JSON Schema takes every ${kind} document that the loader takes without a word`, () => {
    const validate = new Ajv2020({ strict: false }).compile(jsonSchema(kind));
    let taken = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...DOCUMENTS[kind]),
        fc.array(fc.nat(60), { minLength: 3, maxLength: 9 }),
        fc.option(VALUE, { nil: undefined, freq: 8 }),
        (document, pick, value) => {
          const text = JSON.stringify(changed(document, pick, value));
          const result = checkDocument(text, { kind, strict: true });
          if (result.document === undefined || result.diagnostics.length > 0) return;
          taken++;
          const parsed = parseText(text).value;
          assert.ok(validate(parsed), `${text}\n${JSON.stringify(validate.errors?.slice(0, 3), null, 1)}`);
        },
      ),
      { numRuns: 1_000 },
    );
    assert.ok(taken > 100, `only ${taken} documents were taken by the loader`);
  });
}
