import * as s from '../../swml/schema.ts';
import { resultSchema } from '../choice-params.ts';
import { address, CALLBACK_METHOD, statusUrl, STREAM_PROPERTIES, wordList } from '../common-params.ts';
import { defineMethod } from '../method.ts';

const EVENT_TYPE = s.string({ description: 'Form of the callbacks.', enum: ['relay', 'cxml', 'laml'] });

const EVENTS = ['start', 'end', 'join', 'leave', 'mute', 'hold', 'modify', 'speaker', 'announcement'];

const STATUS_CALLBACKS = {
  status_callback: s.string({ description: 'Where `calling.conference` callbacks go.', format: 'http-url' }),
  status_callback_method: CALLBACK_METHOD,
  status_callback_event: wordList(EVENTS, 'blank', { description: 'Which events are told.' }),
  status_callback_event_type: EVENT_TYPE,
} as const;

const RECORDING_CALLBACKS = {
  recording_status_callback: s.string({
    description: 'Where callbacks about the recording go.',
    format: 'http-url',
  }),
  recording_status_callback_method: CALLBACK_METHOD,
  recording_status_callback_event: wordList(['in-progress', 'completed', 'absent'], 'blank', {
    description: 'Which events of the recording are told.',
    defaultText: '`completed`',
  }),
  recording_status_callback_event_type: EVENT_TYPE,
} as const;

/** spec/call-control.md 6 */
export const joinConference = defineMethod({
  name: 'join_conference',
  kind: 'calling',
  summary: 'Joins an audio conference and stays until it is over for this call.',
  params: s.object(
    {
      name: s.string({
        description: 'Name of the conference; made when there is none.',
        required: true,
        minLength: 1,
      }),
      muted: s.boolean({ description: 'Joins without being heard.', default: false }),
      beep: s.string({
        description: 'When a tone tells that someone joins or leaves.',
        enum: ['true', 'false', 'onEnter', 'onExit'],
        default: 'true',
      }),
      start_on_enter: s.boolean({ description: 'Whether this member starts the conference.', default: true }),
      end_on_exit: s.boolean({
        description: 'Whether the conference ends when this member leaves.',
        default: false,
      }),
      wait_url: s.string({
        description: 'Audio, or a document, until the conference starts.',
        format: 'http-url',
        defaultText: 'music of the server',
      }),
      max_participants: s.integer({ description: 'Most members.', default: 100000, min: 2, max: 100000 }),
      record: s.string({
        description: 'Whether the conference is recorded.',
        enum: ['do-not-record', 'record-from-start'],
        default: 'do-not-record',
      }),
      trim: s.string({
        description: 'Whether silence at the start of the recording is left out.',
        enum: ['trim-silence', 'do-not-trim'],
        default: 'trim-silence',
      }),
      region: s.string({ description: 'Where the conference is mixed.', enum: ['global', 'us', 'eu', 'ch'] }),
      coach: s.string({ description: 'Id of the call that alone hears this member.' }),
      ...STATUS_CALLBACKS,
      ...RECORDING_CALLBACKS,
      result: resultSchema('join_conference_result'),
      stream: s.object(
        {
          url: address(['wss'], { description: 'Where the stream goes.', required: true }),
          ...STREAM_PROPERTIES,
          status_url: statusUrl('calling.call.stream'),
        },
        { description: 'Joins a media stream in the place of this call.' },
      ),
    },
    { description: 'Parameters of `join_conference`.' },
  ),
  outputs: [
    {
      name: 'join_conference_result',
      type: 'string',
      values: ['completed', 'answered', 'no-answer', 'failed', 'canceled'],
      description: '`completed` after having been in the conference.',
    },
    { name: 'return_value', type: 'string', description: 'As `join_conference_result`.' },
  ],
  events: ['calling.conference'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- join_conference:\n    name: standup\n    muted: true'],
});
