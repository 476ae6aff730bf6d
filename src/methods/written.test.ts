/** Types of written documents. What is marked as an error here must be one: `npm run types` sees to it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkDocument, loadDocument } from './check.ts';
import { methodsOf } from './registry.ts';
import {
  type AiParams,
  type CallingDocument,
  type CallingStep,
  type ConnectParams,
  isStep,
  type JoinConferenceParams,
  type MessageReplyParams,
  type MessagingDocument,
  type PlayParams,
  type RecordParams,
} from './written.ts';

const DOCUMENT: CallingDocument = {
  version: '1.0.0',
  sections: {
    main: [
      { answer: {} },
      { play: 'say:Hello' },
      { play: ['say:a', 'silence:1'] },
      { sleep: 500 },
      { label: 'again' },
      { unset: ['a', 'b'] },
      { set: { list: [1, { a: null }], name: '${call.from}' } },
      { record: { beep: true, format: '${vars.format}', max_length: '60', direction: 'listen' } },
      {
        cond: [
          // biome-ignore lint/suspicious/noThenProperty: the name that the language gives it
          { when: 'vars.tries < 3', then: [{ goto: { label: 'again', max: '%{n}' } }] },
          { else: [{ switch: { variable: 'x', case: { a: [{ hangup: { reason: 'busy' } }] } } }] },
        ],
      },
      { execute: { dest: 'other', params: { n: 1 }, on_return: [{ return: { any: ['value'] } }] } },
    ],
    other: [{ return: 'x' }],
  },
};

test('a typed document is a valid document', () => {
  const { diagnostics } = checkDocument(DOCUMENT, { strict: true });
  assert.deepEqual(diagnostics, []);
  const message: MessagingDocument = {
    sections: { main: [{ reply: 'Hello' }, { reply: { body: '%{vars.a}' } }] },
  };
  assert.deepEqual(checkDocument(message, { kind: 'messaging', strict: true }).diagnostics, []);
});

test('what is wrong in an object has its place in its JSON', () => {
  const { diagnostics } = checkDocument({ sections: { main: [{ plya: {} }] } });
  assert.equal(diagnostics[0]?.path, 'sections.main[0].plya');
  assert.deepEqual(diagnostics[0]?.position, { line: 5, column: 9 });
});

test('types refuse unknown properties, values of the wrong type and unknown methods, at any depth', () => {
  const wrong: readonly unknown[] = [
    // @ts-expect-error no such property
    { bep: true } satisfies RecordParams,
    // @ts-expect-error no truth value
    { beep: 'yes' } satisfies RecordParams,
    // @ts-expect-error no such format
    { format: 'ogg' } satisfies RecordParams,
    // @ts-expect-error no number
    { url: 'say:a', volume: 'loud' } satisfies PlayParams,
    // @ts-expect-error name is missing
    { muted: true } satisfies JoinConferenceParams,
    // @ts-expect-error no such method
    { plya: {} } satisfies CallingStep,
    // @ts-expect-error reply is for messages
    { reply: 'Hello' } satisfies CallingStep,
    // @ts-expect-error no such reason, inside
    { cond: [{ else: [{ hangup: { reason: 'rude' } }] }] } satisfies CallingStep,
  ];
  assert.equal(wrong.length, 8);
});

test('types take what the loader takes: texts for numbers and truth values, placeholders, extensions', () => {
  const right = [
    {
      record: {
        beep: 'true',
        max_length: '5',
        stereo: '${vars.stereo}',
        direction: 'both',
      } satisfies RecordParams,
    },
    { join_conference: { name: 'a', beep: true } satisfies JoinConferenceParams },
    {
      connect: {
        to: 'sip:desk@example.com',
        headers: '${vars.headers}',
        confirm: [{ play: { url: 'say:A call for you' } }],
        result: { case: { connected: [{ hangup: {} }] } },
      } satisfies ConnectParams,
    },
    { ai: { prompt: { text: 'Hello' }, params: { anything: 1 } } satisfies AiParams },
  ];
  assert.deepEqual(checkDocument({ sections: { main: right } }).diagnostics, []);
  const reply = { body: 'Hello', media: ['https://example.com/a.png'] } satisfies MessageReplyParams;
  const message = { sections: { main: [{ reply }] } };
  assert.deepEqual(checkDocument(message, { kind: 'messaging' }).diagnostics, []);
});

test('a step of a document that was read gives its parameters with their types', () => {
  const main = loadDocument(DOCUMENT).sections.get('main')!;
  const formats = main.flatMap((step) => {
    if (!isStep(step, 'record') || step.params === null || typeof step.params !== 'object') return [];
    const format:
      | 'wav'
      | 'mp3'
      | 'mp4'
      | `${string}\${${string}}${string}`
      | `${string}%{${string}}${string}`
      | undefined = step.params.format;
    return [format];
  });
  assert.deepEqual(formats, ['${vars.format}']);
});

test('the parameters of every method have a type with its name', () => {
  const source = readFileSync(new URL('./written.ts', import.meta.url), 'utf8');
  for (const kind of ['calling', 'messaging'] as const) {
    for (const name of methodsOf(kind).keys()) {
      const pascal = name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const type = `${kind === 'messaging' ? 'Message' : ''}${pascal}Params`;
      assert.match(source, new RegExp(`export type ${type} = ParamsOf<'${kind}', '${name}'>;`));
    }
  }
});
