import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseText } from '../swml/parse.ts';
import { checkDocument } from './check.ts';
import { jsonSchema } from './json-schema.ts';
import { methodsOf } from './registry.ts';

const VALIDATORS = Object.fromEntries(
  (['calling', 'messaging'] as const).map((kind) => [
    kind,
    new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true }).compile(
      jsonSchema(kind),
    ),
  ]),
);

function accepts(text: string, kind: 'calling' | 'messaging' = 'calling'): boolean {
  return VALIDATORS[kind]!(parseText(text).value);
}

for (const kind of ['calling', 'messaging'] as const) {
  for (const method of methodsOf(kind).values()) {
    test(`the JSON Schema accepts the examples of ${kind} ${method.name}`, () => {
      for (const example of method.examples) {
        const text = `sections:\n  main:\n${example.replace(/^/gm, '    ')}\n`;
        assert.ok(accepts(text, kind), JSON.stringify(VALIDATORS[kind]!.errors?.slice(0, 3)));
      }
    });
  }
}

/** Documents on which the schema and the loader must agree, in strict mode, where no placeholder is concerned. */
const STEPS: readonly [step: string, valid: boolean][] = [
  ['answer', true],
  ['answer:', true],
  ['return', true],
  ['label', false],
  ['play', false],
  ['play: "say:hi"', true],
  ['play: ["say:hi"]', true],
  ['play: {url: "say:a", urls: []}', false],
  ['play: {volume: 5}', false],
  ['play: {url: "say:a", volume: 50}', false],
  ['play: {url: "say:a", volume: "${v}"}', true],
  ['play: {url: "say:a", colour: red}', false],
  ['record: {format: "${f}"}', true],
  ['record: {format: ogg}', false],
  ['record: {beep: yes}', false],
  ['sleep: 5', true],
  ['sleep: -1', true],
  ['sleep: -2', false],
  ['sleep: {duration: "${n}"}', true],
  ['hangup: {reason: busy}', true],
  ['hangup: {reason: rude}', false],
  ['cond: [{when: "1", then: [{hangup: {}}]}]', true],
  ['cond: [{when: "1", then: [{hangup: {reason: rude}}]}]', false],
  ['execute: {dest: main, result: {case: {a: [answer]}}}', true],
  ['execute: {dest: main, result: [{else: [answer]}]}', true],
  ['unset: [a, b]', true],
  ['unset: {a: 1}', false],
  ['connect: {to: "sip:a@example.com"}', true],
  ['connect: {}', false],
  ['connect: {to: "sip:a@example.com", serial: []}', false],
  ['connect: {serial: [{to: "+15550100", confirm: [{play: "say:hi"}]}]}', true],
  ['connect: {to: "SIP:a@example.com"}', true],
  ['ai: {prompt: {text: hi}, params: {anything: 1}}', true],
  ['ai: {prompt: {}}', false],
  ['ai: {prompt: {pom: [{body: a, subsections: [{title: b, body: c}]}]}}', true],
  ['plya: "say:hi"', false],
];

for (const [step, valid] of STEPS) {
  test(`schema and loader agree that ${step} is ${valid ? 'valid' : 'invalid'}`, () => {
    const text = `sections: {main: [${step.startsWith('answer:') ? '{answer: }' : step.includes(':') ? `{${step}}` : step}]}`;
    assert.equal(checkDocument(text, { strict: true }).document !== undefined, valid, 'loader');
    assert.equal(accepts(text), valid, 'schema');
  });
}

for (const [title, text, kind, valid] of [
  ['a section that is one step', 'sections: {main: {answer: {}}}', 'calling', true],
  ['two methods in a step', 'sections: {main: [{answer: {}, hangup: {}}]}', 'calling', false],
  ['an unknown root element', 'section: {}\nsections: {main: [answer]}', 'calling', false],
  ['no main', 'sections: {other: [answer]}', 'calling', false],
  ['another version', 'version: "2.0.0"\nsections: {main: [answer]}', 'calling', false],
  ['the short form of a message document', 'reply: hi', 'messaging', true],
  ['two entry points', 'reply: hi\nreceive: {}', 'messaging', false],
] as const) {
  test(`schema and loader agree on ${title}`, () => {
    assert.equal(checkDocument(text, { kind, strict: true }).document !== undefined, valid, 'loader');
    assert.equal(accepts(text, kind), valid, 'schema');
  });
}

test('properties carry their description, default and examples', () => {
  const { $defs } = jsonSchema('calling') as {
    $defs: Record<string, { anyOf: { properties: Record<string, Record<string, unknown>> }[] }>;
  };
  const { initial_timeout, terminators } = $defs['method.record']!.anyOf[0]!.properties;
  assert.equal(initial_timeout?.['default'], 4);
  assert.match(String(initial_timeout?.['description']), /Unit: s\./);
  assert.deepEqual(terminators?.['examples'], ['#', '*#']);
});

test('every reference of the schema leads somewhere', () => {
  for (const kind of ['calling', 'messaging'] as const) {
    const schema = jsonSchema(kind);
    const names = [...JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g)].map((match) => match[1]!);
    for (const name of new Set(names)) assert.ok(Object.hasOwn(schema['$defs'] as object, name), name);
  }
});
