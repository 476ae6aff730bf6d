import { CallError, type PlayableSound, type PlayOperation } from '../../call/leg.ts';
import { SoundError } from '../../call/sounds/errors.ts';
import { parseSound, type SayOptions } from '../../call/sounds/parse-sound.ts';
import { callIds } from '../../engine/script-warning.ts';
import { redactUrl } from '../../log/redact.ts';
import { newControlId, statusUrl } from '../../methods/common-params.ts';
import { operationOf } from '../../methods/operation.ts';
import { preview } from '../../swml/json.ts';
import type { Infer } from '../../swml/schema.ts';
import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { type Issue, refusal } from './issues.ts';
import { VOLUME } from './running-play.ts';

/** A ringing tone without a duration plays until it is stopped (spec/media.md 2); a call does not last longer, s. */
const UNTIL_STOPPED = 86_400;
const MAX_ITEMS = 100;
const DEFAULT_LANGUAGE = 'en-US';

const ITEM = s.object(
  {
    type: s.string({
      description: 'What it is.',
      enum: ['audio', 'tts', 'silence', 'ringtone'],
      required: true,
    }),
    params: s.object(
      {
        url: s.string({ description: '`audio`: the file.' }),
        text: s.string({ description: '`tts`: what is said.' }),
        language: s.string({ description: '`tts`: BCP 47.' }),
        gender: s.string({ description: '`tts`: where no voice is named.' }),
        voice: s.string({ description: '`tts`: `engine.voice` with an optional `:model`.' }),
        duration: s.number({ description: '`silence`, `ringtone`: how long.', min: 0, unit: 's' }),
        name: s.string({ description: '`ringtone`: the country.' }),
      },
      { description: 'Its particulars.', required: true },
    ),
  },
  { description: 'A sound.' },
);
type Item = Infer<typeof ITEM>;

/** spec/rest.md 2.4 */
export const play = defineCommand({
  name: 'calling.play',
  summary: 'Plays sounds to the party, behind what plays already.',
  params: s.object(
    {
      control_id: newControlId,
      play: s.array(ITEM, { description: 'Sounds, one behind the other.', required: true }),
      volume: s.number({ ...VOLUME, default: 0 }),
      direction: s.string({
        description:
          'Who hears it: `listen` is the party of the call. `speak` and `both` are not in this version, and refused.',
        enum: ['listen', 'speak', 'both'],
        default: 'listen',
      }),
      loop: s.integer({
        description: 'Passes; 0: until it is stopped. What waits behind it sounds between two of them.',
        default: 1,
        min: 0,
      }),
      language: s.string({ description: 'Of `tts` that names none, BCP 47.', default: DEFAULT_LANGUAGE }),
      voice: s.string({ description: 'Of `tts` that names none.' }),
      gender: s.string({ description: 'Of `tts` that names none.', default: 'female' }),
      status_url: statusUrl('calling.call.play'),
    },
    { description: 'Parameters of `calling.play`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: [
    '{"control_id": "music", "loop": 0, "volume": -6, "play": [{"type": "audio", "params": {"url": "https://example.com/hold.mp3"}}]}',
  ],
  run(context, params) {
    const { call, newId } = context;
    if (params.direction !== 'listen') {
      const message = `this version plays to the party of the call alone: expected "listen", found "${params.direction}"; whom it talks with is a call of its own`;
      throw refusal({ code: 'invalid_parameter', message, attribute: 'direction' });
    }
    const sounds = soundsOf(params.play, params);
    const controlId = params.control_id || newId();
    const report = reporter(context, controlId, params.status_url);
    let operation: PlayOperation;
    try {
      const { volume: volumeDb, loop } = params;
      operation = call.leg.play(sounds, { volumeDb, loop, controlId, onState: report });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.code === 'call_over') throw problem(404);
      throw refusal({ code: 'value_not_unique', message: error.message, attribute: 'control_id' });
    }
    report('playing');
    void operation.done.then(({ state, error }) => {
      if (error !== undefined) context.log.warn({ control_id: controlId }, `playing failed: ${error}`);
      report(state === 'error' ? 'error' : 'finished');
    });
    return { control_id: controlId };
  },
});

/** Tells the states of `calling.call.play` (spec/callbacks.md 3.4). */
function reporter(
  { call }: CommandContext,
  controlId: string,
  url: string | undefined,
): (state: 'playing' | 'paused' | 'finished' | 'error') => void {
  const { info } = call.leg;
  return (state) => {
    if (url === undefined) return;
    call.emit({
      url,
      operationId: operationOf(info.call_id, controlId),
      eventType: 'calling.call.play',
      params: { ...callIds(info), control_id: controlId, state },
    });
  };
}

/** @throws HttpProblem 422 that names every item that cannot be played */
function soundsOf(items: readonly Item[], { language, voice, gender }: SaySettings): PlayableSound[] {
  const issues: Issue[] = [];
  if (items.length === 0 || items.length > MAX_ITEMS) {
    const message = `expected 1 to ${MAX_ITEMS} sounds, found ${items.length}`;
    throw refusal({ code: 'invalid_parameter', message, attribute: 'play' });
  }
  const sounds = items.flatMap((item, index) => {
    try {
      return [soundOf(item, { language, voice, gender })];
    } catch (error) {
      if (!(error instanceof SoundError)) throw error;
      issues.push({ code: 'invalid_parameter', message: error.message, attribute: `play.${index}.params` });
      return [];
    }
  });
  if (issues.length > 0) throw refusal(...issues);
  return sounds;
}

interface SaySettings {
  readonly language: string;
  readonly voice?: string | undefined;
  readonly gender: string;
}

/** @throws SoundError */
function soundOf({ type, params }: Item, otherwise: SaySettings): PlayableSound {
  const { url, text, duration, name } = params;
  switch (type) {
    case 'audio':
      if (url === undefined) throw missing('url', 'an http or https URL');
      if (!/^https?:/i.test(url)) {
        const found = preview(redactUrl(url));
        const message = `"url" cannot have this value: expected an http or https URL, found ${found}`;
        throw new SoundError('invalid_sound', message);
      }
      return parseSound(url);
    case 'tts': {
      if (text === undefined) throw missing('text', 'what is to be said');
      // What is empty names nothing, as in the steps of a document.
      const voice = params.voice || otherwise.voice || undefined;
      const say: SayOptions = {
        language: params.language || otherwise.language || DEFAULT_LANGUAGE,
        gender: (params.gender || otherwise.gender).toLowerCase() === 'male' ? 'male' : 'female',
        ...(voice !== undefined && { voice }),
      };
      return { kind: 'say', text, ...say };
    }
    case 'silence':
      if (duration === undefined) throw missing('duration', 'seconds');
      return parseSound(`silence:${duration}`);
    case 'ringtone':
      if (name === undefined) throw missing('name', 'a country such as us');
      return parseSound(`ring:${duration ?? UNTIL_STOPPED}:${name}`);
  }
}

function missing(name: string, expected: string): SoundError {
  return new SoundError('invalid_sound', `"${name}" is missing: expected ${expected}`);
}
