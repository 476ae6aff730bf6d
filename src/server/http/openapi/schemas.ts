import { COMMANDS } from '../../commands/registry.ts';

/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const text: JsonSchema = { type: 'string' };
const uuid: JsonSchema = { type: 'string', format: 'uuid' };
const time: JsonSchema = { type: 'string', format: 'date-time' };
const whole: JsonSchema = { type: 'integer', minimum: 0 };
const decibel: JsonSchema = { type: 'number', description: 'dBFS' };
const milliseconds: JsonSchema = { type: 'number', minimum: 0, description: 'ms; 0 is off' };

function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

function oneOf(...values: readonly unknown[]): JsonSchema {
  return { enum: values };
}

/** An object in which all properties are there but those of `optional`, and no others. */
function closed(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

const issues: JsonSchema = {
  type: 'array',
  items: closed({ detail: text, status: oneOf('422'), title: text, code: text }),
};

const LEG_IDS = ['relay_pstn_leg_id', 'relay_sip_leg_id', 'relay_webrtc_leg_id'];

export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Recording: {
    description: 'A recording. What stands behind `track` and the leg are extensions of the language.',
    ...closed(
      {
        id: uuid,
        project_id: text,
        created_at: time,
        updated_at: time,
        status: {
          ...oneOf('in-progress', 'paused', 'completed', 'absent', 'failed'),
          description: 'There is a file only when it is `completed`.',
        },
        url: { type: 'string', format: 'uri', description: 'Of the file.' },
        duration_in_seconds: { ...whole, description: 'Rounded; 0 while it runs.' },
        byte_size: whole,
        stereo: { type: 'boolean' },
        track: oneOf('inbound', 'outbound', 'both'),
        price: oneOf(0),
        price_unit: oneOf('USD'),
        error_code: { ...oneOf('recording_failed'), description: 'Only of a failed one.' },
        ...Object.fromEntries(
          LEG_IDS.map((name) => [name, { ...text, description: 'By the kind of the leg.' }]),
        ),
        state: { ...text, description: 'The same as `status`.' },
        duration: { ...whole, description: 'The same as `duration_in_seconds`.' },
        duration_ms: { type: 'number', minimum: 0 },
        format: oneOf('wav', 'mp3', 'mp4'),
        direction: oneOf('speak', 'listen', 'both'),
        call_id: text,
        control_id: text,
        start_time: orNull(time),
        end_time: orNull(time),
        ended_by: orNull(text),
        terminator: orNull(text),
        hangup_by: orNull(oneOf('local', 'remote')),
        hangup_reason: orNull(text),
        error: orNull(text),
      },
      ['error_code', ...LEG_IDS],
    ),
  },
  RecordingList: closed({
    links: closed({ self: text, first: text, next: text, prev: text }, ['next', 'prev']),
    data: { type: 'array', items: { $ref: '#/components/schemas/Recording' } },
  }),
  Link: closed({
    recording_id: uuid,
    url: { type: 'string', format: 'uri' },
    expires_in: whole,
    expires_at: time,
  }),
  Peaks: {
    description: 'Peaks in the JSON of audiowaveform, version 2; `duration` is an extension.',
    ...closed({
      version: oneOf(2),
      channels: oneOf(1, 2),
      sample_rate: { type: 'integer', description: 'Hz' },
      samples_per_pixel: { type: 'integer', minimum: 1 },
      bits: oneOf(8, 16),
      length: whole,
      data: {
        type: 'array',
        items: { type: 'integer', minimum: -32_768, maximum: 32_767 },
        description: 'For each of `length` stretches, for each channel: lowest, then highest sample.',
      },
      duration: { type: 'number', description: 'Seconds' },
    }),
  },
  Voice: closed({
    recording_id: uuid,
    ended_by: orNull(text),
    duration_ms: whole,
    threshold_dbfs: { ...decibel, description: 'Of the quietest talker to be heard (`input_sensitivity`).' },
    initial_timeout_ms: milliseconds,
    end_silence_timeout_ms: milliseconds,
    listened_ms: {
      ...whole,
      description: 'How far into the file was listened: as far as the timers needed.',
    },
    speak: orNull({ $ref: '#/components/schemas/VoiceOfSide' }),
    listen: orNull({ $ref: '#/components/schemas/VoiceOfSide' }),
  }),
  VoiceOfSide: closed({
    segments: {
      type: 'array',
      items: closed({ start_ms: whole, end_ms: whole, level_dbfs: decibel, noise_dbfs: decibel }),
      description: 'Stretches of speech, in milliseconds of the file.',
    },
    omitted: { ...whole, description: 'Stretches behind the 500 that are kept.' },
    noise_dbfs: { ...decibel, description: 'Of the line, at the end.' },
    loudest_other_dbfs: {
      ...orNull(decibel),
      description: 'The loudest 200 ms that were not taken for speech.',
    },
  }),
  Error: closed({ error: text, detail: text }, ['detail']),
  Issues: closed({ errors: issues }),
  CompatibilityRecording: {
    description: 'A recording as the compatibility API shows it.',
    ...closed({
      sid: uuid,
      account_sid: text,
      api_version: oneOf('2010-04-01'),
      call_sid: text,
      conference_sid: { type: 'null' },
      channels: oneOf(1, 2),
      channel: oneOf('1', '2'),
      date_created: text,
      date_updated: text,
      start_time: orNull(text),
      end_time: orNull(text),
      duration: whole,
      price: oneOf(0),
      price_unit: oneOf('USD'),
      source: oneOf('RecordVerb'),
      status: oneOf('in-progress', 'paused', 'completed', 'absent'),
      error_code: orNull(text),
      trim: oneOf('do-not-trim'),
      encryption_details: { type: 'null' },
      uri: text,
      subresource_uris: { type: 'object' },
    }),
  },
  CompatibilityError: {
    description: 'An error of the compatibility API; behind `status` stands what the other one tells.',
    ...closed(
      {
        code: { type: 'integer', description: '20003 for 401, else 20000 and the status.' },
        message: text,
        more_info: text,
        status: { type: 'integer' },
        error: text,
        detail: text,
        errors: issues,
      },
      ['error', 'detail', 'errors'],
    ),
  },
  CompatibilityList: closed({
    uri: text,
    first_page_uri: text,
    next_page_uri: orNull(text),
    previous_page_uri: orNull(text),
    page: whole,
    page_size: whole,
    recordings: { type: 'array', items: { $ref: '#/components/schemas/CompatibilityRecording' } },
  }),
  Command: {
    type: 'object',
    description: 'A command to a running call: docs/commands.md.',
    properties: { command: oneOf(...COMMANDS.keys()), id: uuid, params: { type: 'object' } },
    required: ['command'],
  },
  Call: {
    description:
      'A call. `control_id` stands in replies about what a command began or changed, `recording_id` in those about a recording, `source_device` in that of a tap by RTP.',
    ...closed(
      {
        id: uuid,
        from: text,
        to: text,
        direction: oneOf('inbound', 'outbound'),
        status: oneOf('created', 'ringing', 'answered', 'ending', 'ended'),
        source: oneOf('realtime_api'),
        type: oneOf('relay_pstn_call', 'relay_sip_call', 'relay_webrtc_call'),
        url: { ...orNull(text), description: 'Of its document; in replies about a recording, of its file.' },
        duration: { ...orNull(whole), description: 'Seconds since the answer.' },
        duration_ms: orNull(whole),
        billing_ms: orNull(whole),
        charge: oneOf(0),
        charge_details: { type: 'array', maxItems: 0 },
        parent_id: orNull(uuid),
        created_at: time,
        control_id: text,
        recording_id: uuid,
        source_device: closed({
          type: oneOf('rtp'),
          params: closed({ addr: text, port: { type: 'integer', minimum: 1, maximum: 65_535 } }),
        }),
      },
      ['control_id', 'recording_id', 'source_device'],
    ),
  },
  CommandIssues: closed({
    errors: {
      type: 'array',
      items: closed({
        type: oneOf('validation_error'),
        code: text,
        message: text,
        attribute: orNull(text),
        url: text,
      }),
    },
  }),
};
