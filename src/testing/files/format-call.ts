/** The part of a test file that describes the call and the world around it. */
import { isObject } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { parseIsoTime } from '../../time/iso-time.ts';
import { SOUND } from './format-sound.ts';

export const answerProperties = {
  status: s.integer({
    description: 'Status of the answer.',
    default: 200,
    min: 100,
    max: 599,
    literal: true,
  }),
  headers: s.record(s.string({ description: 'Value of the header.', literal: true }), {
    description: 'Headers of the answer.',
    literal: true,
  }),
  body: s.string({ description: 'Body of the answer.', literal: true }),
  json: s.any({ description: 'Body of the answer, as JSON.', literal: true }),
  file: s.string({
    description: 'File with the body of the answer, relative to the test file.',
    literal: true,
  }),
  sound: SOUND,
  delay: s.number({ description: 'Time until the answer.', default: 0, min: 0, unit: 's', literal: true }),
  fails: s.string({
    description: 'No answer: none in time, an address that is not allowed, or none that can be reached.',
    enum: ['timeout', 'refused', 'network'],
    literal: true,
  }),
} as const;

/** Of them an answer has one at most. */
const BODIES = ['body', 'json', 'file', 'sound'] as const;

const WEB_ANSWER = s.object(answerProperties, {
  description: 'An answer.',
  literal: true,
  refine: (answer) => {
    if (!isObject(answer)) return undefined;
    // JSON may be null; others are not there then.
    const given = BODIES.filter((name) =>
      name === 'json' ? answer[name] !== undefined : (answer[name] ?? null) !== null,
    );
    const [one, other] = given;
    if (one === undefined || other === undefined) return undefined;
    return {
      fault: 'conflict',
      message: `"${one}" and "${other}" exclude each other`,
      at: [other],
      expected: `only one of ${BODIES.join(', ')}`,
    };
  },
  jsonSchema: {
    not: {
      anyOf: BODIES.flatMap((one, index) =>
        BODIES.slice(index + 1).map((other) => ({ required: [one, other] })),
      ),
    },
  },
});

const RECOGNITION = s.union(
  [
    s.string({ description: 'The words; none when it is empty.', literal: true }),
    s.object(
      {
        text: s.string({ description: 'The words; none when it is empty.', literal: true }),
        confidence: s.number({
          description: 'How sure recognition is.',
          min: 0,
          max: 1,
          literal: true,
        }),
        error: s.string({ description: 'Recognition fails, for this reason.', literal: true, minLength: 1 }),
      },
      { description: 'A result.', literal: true, exclusive: [{ names: ['text', 'error'] }] },
    ),
  ],
  { description: 'What is understood of an utterance.' },
);

export const WEB = s.record(
  s.union(
    [
      WEB_ANSWER,
      s.array(WEB_ANSWER, {
        description: 'One answer for each request; the last one stays.',
        minItems: 1,
        literal: true,
      }),
    ],
    { description: 'What is answered.' },
  ),
  {
    description:
      'What the outside answers, by `URL` or `METHOD URL`, without credentials and fragment; `*` stands for anything, and a URL without `?` takes any query. The longest that fits answers.',
    literal: true,
  },
);

export const NETWORK = s.object(
  {
    loss_percent: s.number({ description: 'Packets that are lost.', min: 0, max: 100, literal: true }),
    delay_ms: s.number({ description: 'Time that each packet takes.', min: 0, max: 10_000, literal: true }),
    jitter_ms: s.number({
      description: 'Further time, another one for each packet, up to this.',
      min: 0,
      max: 10_000,
      literal: true,
    }),
    duplication_percent: s.number({
      description: 'Packets that arrive twice.',
      min: 0,
      max: 100,
      literal: true,
    }),
  },
  { description: 'How packets fare, to and from everybody.', literal: true },
);

export const lineNoise = s.number({
  description: 'Level of white noise on the caller’s line.',
  min: -127,
  max: 0,
  unit: 'dBFS',
  literal: true,
});

const values = (description: string) =>
  s.record(s.any({ description: 'Any value.', literal: true }), { description, literal: true });

export const callProperties = {
  call: s.object(
    {
      from: s.string({
        description: 'Who calls: a SIP URI or a phone number.',
        defaultText: '`sip:caller@example.com`; `+15550100` beside a phone number',
        literal: true,
        minLength: 1,
      }),
      to: s.string({
        description: 'Who is called: a SIP URI or a phone number.',
        defaultText: '`sip:line@example.com`; `+15550101` beside a phone number',
        literal: true,
        minLength: 1,
      }),
      headers: s.record(s.string({ description: 'Value of the header.', literal: true }), {
        description: 'Custom SIP headers, `X-…`; a document is given no others of a call that comes in.',
        literal: true,
      }),
      direction: s.string({
        description: '`outbound`: the caller of this test is called.',
        enum: ['inbound', 'outbound'],
        default: 'inbound',
        literal: true,
      }),
      answer_after: s.number({
        description: 'When an outbound call is answered.',
        default: 2,
        min: 0,
        unit: 's',
        literal: true,
      }),
      codec: s.string({
        description: 'Codec.',
        enum: ['PCMU', 'PCMA', 'G722', 'OPUS'],
        default: 'PCMU',
        literal: true,
      }),
      keys: s.string({
        description: 'How keys travel: as events, or as tones in the audio.',
        enum: ['rfc4733', 'inband'],
        default: 'rfc4733',
        literal: true,
      }),
    },
    { description: 'The call.', literal: true },
  ),
  voice: s.string({
    description:
      'Who speaks prompts and the caller’s words. `mumble` forms no words, but takes its time (60 ms a character): quick, and the same on every machine.',
    enum: ['words', 'mumble'],
    default: 'words',
    literal: true,
  }),
  recognition: s.array(RECOGNITION, {
    description:
      'What is understood of the caller’s utterances, one after the other; of further ones, what the caller `says`, word for word.',
    literal: true,
  }),
  strict: s.boolean({
    description: 'Whatever is not in the published language is an error of the document.',
    default: false,
    literal: true,
  }),
  vars: values('Variables that are set before the first step.'),
  params: values('Parameters of the section `main`.'),
  envs: values('Values of the scope `envs`.'),
  web: WEB,
  network: NETWORK,
  line_noise: lineNoise,
  signing_key: s.string({
    description: 'Key that document fetches and callbacks are signed with.',
    literal: true,
  }),
  starts_at: s.string({
    description: 'The moment at which the call begins, ISO 8601, UTC unless it says otherwise.',
    defaultText: '`2026-01-01T00:00:00Z`; with `--realtime` now',
    literal: true,
    check: (text) => (parseIsoTime(text) === undefined ? 'a time such as 2026-01-31T12:00:00Z' : undefined),
  }),
  seed: s.integer({
    description: 'For ids, noise and loss: the same number gives the same call.',
    defaultText: '`1`',
    literal: true,
  }),
  limit: s.number({
    description: 'Longest time that the call may take; after four hours it is ended in any case.',
    default: 3600,
    min: 0,
    max: 604_800,
    unit: 's',
    literal: true,
  }),
} as const;
