/** What `connect` says of its destinations (spec/call-control.md 3.2, 3.3). */
import { isArray, isObject, type JsonValue } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { resultSchema } from '../choice-params.ts';
import { STREAM_PROPERTIES } from '../common-params.ts';
import { SPEECH_PROPERTIES, soundSchema } from '../sound-params.ts';

const DESTINATION_FORM = /^(?:\+?[0-9*#]+|sips?:.+|\/.+|queue:.+|stream:wss:\/\/.+)$/i;

export function destination<const O extends s.SchemaInfo>(options: O) {
  return s.string({
    ...options,
    pattern: DESTINATION_FORM,
    allowed: 'a phone number, sip:…, /<context>/<name>, queue:<name> or stream:wss://…',
    examples: ['+15550100', 'sip:desk@example.com', 'queue:support'],
  });
}

/** The methods that may stand in `confirm` as steps (spec/call-control.md 3.5). */
const CONFIRM_METHODS = [
  ...['cond', 'set', 'unset', 'hangup', 'play', 'prompt', 'record', 'record_call', 'stop_record_call'],
  ...['tap', 'stop_tap', 'stream', 'stop_stream', 'send_digits', 'send_sms', 'denoise', 'stop_denoise'],
];

/** Properties of the whole step that a single destination may set otherwise. */
export const DESTINATION_PROPERTIES = {
  from: s.string({ description: 'Number or SIP URI to call from.', defaultText: 'that of the caller' }),
  from_name: s.string({ description: 'Name of the caller, for SIP.' }),
  headers: s.array(
    s.object(
      {
        name: s.string({ description: 'Name of the header.', required: true, minLength: 1 }),
        value: s.string({ description: 'Its value.', required: true }),
      },
      { description: 'A SIP header.' },
    ),
    { description: 'Further headers of the INVITE.' },
  ),
  codecs: s.string({
    description: 'Codecs to offer, separated by commas.',
    defaultText: 'all of the server',
  }),
  webrtc_media: s.boolean({ description: 'Offers WebRTC media.', default: false }),
  session_timeout: s.integer({
    description: 'Session-Expires of the SIP call, 90 at the least; 0 is that of the server.',
    default: 0,
    min: 0,
    unit: 's',
  }),
  encryption: s.string({
    description: 'Encryption of SIP media.',
    enum: ['mandatory', 'optional', 'forbidden'],
    default: 'optional',
  }),
  username: s.string({ description: 'User for SIP authentication.' }),
  password: s.string({ description: 'Password for SIP authentication.' }),
  timeout: s.integer({ description: 'Longest wait for an answer.', default: 60, min: 1, unit: 's' }),
  confirm: s.union(
    [
      s.string({ description: 'URL of a document.', format: 'http-url' }),
      s.steps({ description: 'Steps.', own: true, methods: CONFIRM_METHODS }),
    ],
    { description: 'Runs on the called side before it is connected; its hangup refuses the call.' },
  ),
  confirm_timeout: s.integer({
    description: 'Longest run of `confirm`.',
    defaultText: 'as `timeout`',
    min: 1,
    unit: 's',
  }),
  call_state_url: s.string({ description: 'Where `calling.call.state` callbacks go.', format: 'http-url' }),
  call_state_events: s.array(
    s.string({ description: 'A state.', enum: ['created', 'ringing', 'answered', 'ended'] }),
    { description: 'Which states of the called side are told.', default: ['ended'] },
  ),
  ...STREAM_PROPERTIES,
} as const;

/** A destination of a list; what it does not set it takes from the step. */
export const DESTINATION = s.object(
  {
    to: destination({ description: 'The destination.', required: true }),
    ...withoutDefaults(DESTINATION_PROPERTIES),
  },
  { description: 'A destination with what is its own.' },
);

export const RINGBACK = s.union(
  [
    s.array(soundSchema({ description: 'A sound.' }), { description: 'Sounds.' }),
    soundSchema({ description: 'One sound.' }),
    s.object(
      {
        url: soundSchema({ description: 'One sound.' }),
        urls: s.array(soundSchema({ description: 'A sound.' }), { description: 'Sounds.' }),
        volume: s.number({ description: 'Gain.', default: 0, min: -40, max: 40, unit: 'dB' }),
        auto_answer: s.boolean({
          description: 'Accepted, and without effect: that of `connect` counts.',
          default: true,
        }),
        ...SPEECH_PROPERTIES,
        status_url: s.string({ description: 'As in `play`.', format: 'http-url' }),
        loop: s.integer({
          description: 'How often the sounds are played; 0 is until the end.',
          default: 0,
          min: 0,
        }),
      },
      { description: 'Sounds as in `play`.', exclusive: [{ names: ['url', 'urls'] }] },
    ),
  ],
  { description: 'What the caller hears meanwhile.', defaultText: 'ringing' },
);

/** What `connect` takes. */
export const CONNECT = s.object(
  {
    ...DESTINATION_PROPERTIES,
    to: destination({ description: 'One destination.' }),
    serial: s.array(DESTINATION, { description: 'Destinations, one after the other until one answers.' }),
    parallel: s.array(DESTINATION, {
      description: 'Destinations, all at once; the first to answer is connected.',
    }),
    serial_parallel: s.array(s.array(DESTINATION, { description: 'Destinations to call at once.' }), {
      description: 'Groups of destinations, one group after the other.',
    }),
    max_duration: s.integer({ description: 'Longest talk.', default: 14_400, min: 1, unit: 's' }),
    answer_on_bridge: s.boolean({
      description: 'Whether an unanswered call is answered only when a destination answers.',
      default: false,
    }),
    auto_answer: s.boolean({ description: 'Whether an unanswered call is answered first.', default: true }),
    ringback: RINGBACK,
    status_url: s.string({
      description: 'Where `calling.call.connect` callbacks go, and those of a stream, `calling.call.stream`.',
      format: 'http-url',
    }),
    transfer_after_bridge: s.string({
      description: 'URL of a document, or a document as text, to go on with after the talk.',
    }),
    result: resultSchema('connect_result'),
  },
  {
    description: 'Parameters of `connect`.',
    exclusive: [{ names: ['to', 'serial', 'parallel', 'serial_parallel'] }],
    refine: (value) =>
      isObject(value) && (value['transfer_after_bridge'] ?? null) === null && namesQueue(value)
        ? { fault: 'missingParameter', message: 'A destination "queue:" needs "transfer_after_bridge"' }
        : undefined,
  },
);

export type ConnectParams = s.Infer<typeof CONNECT>;
export type DestinationParams = s.Infer<typeof DESTINATION>;

type Optional<P> = {
  readonly [K in keyof P]: P[K] extends s.Schema<infer T, s.Presence, infer W>
    ? s.Schema<T, 'optional', W>
    : never;
};

function withoutDefaults<P extends Readonly<Record<string, s.Schema>>>(properties: P): Optional<P> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { node, info }]) => [
      name,
      { node, info: { ...info, default: undefined } },
    ]),
  ) as Optional<P>;
}

function namesQueue(value: JsonValue | undefined): boolean {
  if (isArray(value)) return value.some(namesQueue);
  if (!isObject(value)) return false;
  const { to } = value;
  if (typeof to === 'string' && to.startsWith('queue:')) return true;
  return [value['serial'], value['parallel'], value['serial_parallel']].some(namesQueue);
}
