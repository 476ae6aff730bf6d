import { CallError } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';
import { SPEECH_PROPERTIES, soundSchema, soundsOf } from '../sound-params.ts';
import { warnFailed } from '../warn-failed.ts';

/** spec/media.md 3 */
export const play = defineMethod({
  name: 'play',
  kind: 'calling',
  summary: 'Plays sounds to the party: files, speech, silence, ringing.',
  params: s.object(
    {
      url: soundSchema({ description: 'One sound.' }),
      urls: s.array(soundSchema({ description: 'A sound.' }), {
        description: 'Sounds, one behind the other.',
      }),
      volume: s.number({ description: 'Gain.', default: 0, min: -40, max: 40, unit: 'dB' }),
      auto_answer: s.boolean({
        description: 'Whether an unanswered call is answered first; otherwise the party hears early media.',
        default: true,
      }),
      ...SPEECH_PROPERTIES,
      status_url: s.string({ description: 'Where `calling.call.play` callbacks go.', format: 'http-url' }),
    },
    { description: 'Parameters of `play`.', exclusive: [{ names: ['url', 'urls'] }] },
  ),
  shorthand: {
    description: 'a sound, which is then `url`, or a list of sounds, which is then `urls`',
    schema: s.union(
      [
        soundSchema({ description: '`url`' }),
        s.array(soundSchema({ description: 'A sound.' }), { description: '`urls`' }),
      ],
      {
        description: 'One sound, or a list of sounds.',
      },
    ),
    expand: (value) => {
      if (typeof value === 'string') return { url: value };
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? { urls: value }
        : undefined;
    },
  },
  outputs: [],
  events: ['calling.call.play'],
  execution: 'foreground',
  answers: 'unless-told',
  blocks: true,
  examples: [
    '- play:\n    url: "say:Please leave a message."\n    say_language: en-GB',
    '- play:\n    urls: ["https://example.com/hello.mp3", "silence:1", "ring:2:us"]\n    volume: -6',
    '- play: "say:Hello"',
  ],
  async run(context, params) {
    const { leg } = context;
    const sounds = soundsOf(params.urls ?? [params.url ?? ''], params, context.vars);
    const controlId = context.newId();
    const report = (state: 'playing' | 'paused' | 'finished' | 'error'): void => {
      if (params.status_url === undefined) return;
      context.emit({
        url: params.status_url,
        operationId: controlId,
        eventType: 'calling.call.play',
        params: { control_id: controlId, state },
      });
    };
    if (params.auto_answer) {
      try {
        await leg.answer();
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        // That the call ended meanwhile is no failure of the sounds, no more than it is behind the answer.
        report(error.code === 'call_over' ? 'finished' : 'error');
        warnFailed(context, 'The call could not be answered to play sounds', error);
        return NEXT;
      }
    }
    // Another document may have come while the call was being answered: its sounds would wait behind these.
    if (sounds.length === 0 || context.signal.aborted) return NEXT;
    const operation = leg.play(sounds, { volumeDb: params.volume, controlId, onState: report });
    report('playing');
    const stop = (): void => operation.stop();
    context.signal.addEventListener('abort', stop, { once: true });
    const result = await operation.done;
    context.signal.removeEventListener('abort', stop);
    report(result.state === 'error' ? 'error' : 'finished');
    if (result.state === 'error')
      context.warn('failed', `Playing failed: ${result.error ?? 'no reason is known'}`);
    return NEXT;
  },
});
