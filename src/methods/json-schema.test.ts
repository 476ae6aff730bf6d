import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseText } from '../swml/parse.ts';
import type { Schema } from '../swml/schema.ts';
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
  ['"${method}"', false],
  ['answer: "${options}"', true],
  ['unset: "${names}"', true],
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
  ['play: {url: "say:a", volume: "5"}', true],
  ['play: {url: "say:a", volume: loud}', false],
  ['play: {url: "say:a", auto_answer: "false"}', true],
  ['play: {url: "say:a", auto_answer: no}', false],
  ['play: {url: "say:a", colour: red}', false],
  ['play: "hello"', false],
  ['join_conference: {name: a, beep: true}', true],
  ['join_conference: {name: a, beep: loud}', false],
  ['tap: {uri: "wss://example.com/a"}', true],
  ['tap: {uri: "ftp://example.com/a"}', false],
  ['record: {format: "${f}"}', true],
  ['record: {format: ogg}', false],
  ['record: {beep: yes}', false],
  ['sleep: 5', true],
  ['sleep: -1', true],
  ['sleep: -2', false],
  ['sleep: {duration: "${n}"}', true],
  ['sleep: "5"', true],
  ['sleep: "0x10"', false],
  ['sleep: " 5"', false],
  ['hangup: {reason: busy}', true],
  ['hangup: {reason: rude}', false],
  ['cond: [{when: "1", then: [{hangup: {}}]}]', true],
  ['cond: [{when: "1", then: [{hangup: {reason: rude}}]}]', false],
  ['cond: [{when: "1"}]', false],
  ['cond: [{then: []}]', false],
  ['cond: [{else: []}]', true],
  ['cond: [{when: "1", then: {hangup: {}}}]', true],
  ['cond: [{when: "1", then: hangup}]', false],
  ['execute: {dest: main, result: {case: {a: [answer]}}}', true],
  ['execute: {dest: main, result: [{else: [answer]}]}', true],
  ['unset: [a, b]', true],
  ['unset: {a: 1}', false],
  ['connect: {to: "sip:a@example.com"}', true],
  ['connect: {}', false],
  ['connect: {to: "sip:a@example.com", serial: []}', false],
  ['connect: {serial: [{to: "+15550100", confirm: [{play: "say:hi"}]}]}', true],
  ['connect: {to: "SIP:a@example.com"}', true],
  ['connect: {to: "sip:a@example.com", headers: "${headers}"}', true],
  ['connect: {to: "sip:a@example.com", confirm: [answer]}', false],
  ['connect: {to: "sip:a@example.com", confirm: [hangup]}', true],
  ['connect: {to: "sip:a@example.com", confirm: {play: "say:hi"}}', false],
  [
    'live_translate: {action: {start: {from_lang: a, to_lang: b, direction: [local-caller], filter_from: "prompt:a\\nb"}}}',
    true,
  ],
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
  ['a section that is a bare name', 'sections: {main: answer}', 'calling', false],
  ['two methods in a step', 'sections: {main: [{answer: {}, hangup: {}}]}', 'calling', false],
  ['an unknown root element', 'section: {}\nsections: {main: [answer]}', 'calling', false],
  ['a section without steps', 'sections: {main: [answer], other: []}', 'calling', false],
  [
    'a placeholder of calls in a message',
    'sections: {main: [{goto: {label: a, max: "${n}"}}, {label: a}]}',
    'messaging',
    false,
  ],
  [
    'a placeholder of messages',
    'sections: {main: [{goto: {label: a, max: "%{n}"}}, {label: a}]}',
    'messaging',
    true,
  ],
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

test('methods and properties carry what an editor shows: description, default, examples', () => {
  const { $defs } = jsonSchema('calling') as unknown as {
    $defs: Record<string, { anyOf: { properties: Record<string, Record<string, unknown>> }[] } & Shown>;
  };
  const { description, examples, anyOf } = $defs['method.record']!;
  assert.match(String(description), /^Records one side .* Sets `record_url`, `record_result`\.$/);
  assert.deepEqual(examples, [{ beep: true, terminators: '#*', max_length: 120 }]);
  const { initial_timeout, terminators } = anyOf[0]!.properties;
  assert.equal(initial_timeout?.['default'], 4);
  assert.match(String(initial_timeout?.['description']), /Unit: s\./);
  assert.deepEqual(terminators?.['examples'], ['#', '*#']);
});

/** What an editor shows of a part. */
interface Shown {
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

test('every property of every method is described', () => {
  const seen = new Set<unknown>();
  const walk = ({ node }: Schema, way: string): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'object') {
      for (const [name, property] of Object.entries(node.properties)) {
        assert.ok((property.info.description ?? '') !== '', `${way}.${name}`);
        walk(property, `${way}.${name}`);
      }
      if (node.additional !== undefined) walk(node.additional, `${way}.*`);
    } else if (node.kind === 'array') walk(node.items, `${way}[]`);
    else if (node.kind === 'union') for (const variant of node.variants) walk(variant, way);
    else if (node.kind === 'named') walk(node.get(), way);
  };
  for (const kind of ['calling', 'messaging'] as const) {
    for (const { name, params } of methodsOf(kind).values()) walk(params, `${kind} ${name}`);
  }
  assert.ok(seen.size > 500);
});

test('every reference of the schema leads somewhere', () => {
  for (const kind of ['calling', 'messaging'] as const) {
    const schema = jsonSchema(kind);
    const names = [...JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g)].map((match) => match[1]!);
    for (const name of new Set(names)) assert.ok(Object.hasOwn(schema['$defs'] as object, name), name);
  }
});
