/**
 * The format of test files: one description that gives the types, the checks with line and column, and the
 * JSON Schema for editors.
 */
import * as s from '../../swml/schema.ts';
import { callProperties } from './format-call.ts';
import { CALLER_ACTIONS } from './format-caller.ts';
import { EXPECTATIONS } from './format-expect.ts';
import { PARTIES } from './format-parties.ts';

const DOCUMENT = s.union(
  [
    s.string({
      description: 'A path, relative to the test file, a URL, or the text of a document.',
      literal: true,
      minLength: 1,
    }),
    s.record(s.any({ description: 'Part of the document.', literal: true }), {
      description: 'The document itself.',
      literal: true,
      jsonSchema: { $ref: '#/$defs/document' },
    }),
  ],
  {
    description:
      'The document under test: a path, relative to the test file, a URL, its text, or the document itself.',
  },
);

const testProperties = {
  document: DOCUMENT,
  ...callProperties,
  caller: s.array(CALLER_ACTIONS, {
    description: 'What the caller does, one behind the other; then it waits until the call is over.',
    literal: true,
  }),
  parties: PARTIES,
  expect: EXPECTATIONS,
} as const;

const references = (description: string) =>
  s.union(
    [
      s.string({ description: 'A reference.', literal: true }),
      s.array(s.string({ description: 'A reference.', literal: true }), {
        description: 'References.',
        literal: true,
      }),
    ],
    { description },
  );

/** Properties of one test. */
export const TEST_PROPERTIES = {
  name: s.string({
    description: 'What the test shows, in words.',
    required: true,
    literal: true,
    minLength: 1,
  }),
  spec: references('Where the behaviour is laid down, for people, e.g. `record.md 3.3`.'),
  ...testProperties,
} as const;

/** One test of a file that holds several. */
export const TEST = s.object(TEST_PROPERTIES, {
  description: 'A virtual call and what is expected of it.',
  literal: true,
});

/** A test file. */
export const TEST_FILE = s.object(
  {
    ...testProperties,
    name: s.string({
      description: 'Name of the file’s only test; default: the name of the file.',
      literal: true,
    }),
    spec: references('What the file is about, for people.'),
    tests: s.array(TEST, {
      description: 'Several tests; what stands beside them holds for each, unless it says otherwise.',
      literal: true,
      minItems: 1,
    }),
  },
  { description: 'Tests of a voice application by virtual calls.', literal: true, required: true },
);

export type TestSpec = s.Infer<typeof TEST>;
export type TestFileSpec = s.Infer<typeof TEST_FILE>;
