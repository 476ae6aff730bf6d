import * as s from '../../swml/schema.ts';
import { LIVE_START_PROPERTIES, LIVE_WORD, SUMMARIZE } from '../live-params.ts';
import { defineMethod } from '../method.ts';

const FILTERS = ['polite', 'rude', 'professional', 'shakespeare', 'gen-z'];

function filter(side: string) {
  return s.string({
    description: `How the words of the ${side} are changed.`,
    pattern: /^(?:polite|rude|professional|shakespeare|gen-z|prompt:[\s\S]+)$/,
    allowed: `${FILTERS.join(', ')} or prompt:<instruction>`,
    suggested: FILTERS,
  });
}

/** spec/media.md 11 */
export const liveTranslate = defineMethod({
  name: 'live_translate',
  kind: 'calling',
  summary: 'Translates between the two sides as they speak; starts, sums up, adds words or ends that.',
  params: s.object(
    {
      action: s.union(
        [
          s.object(
            {
              start: s.object(
                {
                  from_lang: s.string({ description: 'Language of the caller.', required: true }),
                  to_lang: s.string({ description: 'Language of the other side.', required: true }),
                  from_voice: s.string({ description: 'Voice for the caller.', default: 'elevenlabs.josh' }),
                  to_voice: s.string({
                    description: 'Voice for the other side.',
                    default: 'elevenlabs.josh',
                  }),
                  filter_from: filter('caller'),
                  filter_to: filter('other side'),
                  ...LIVE_START_PROPERTIES,
                },
                { description: 'Starts it.' },
              ),
              summarize: SUMMARIZE,
              inject: s.object(
                {
                  message: s.string({ description: 'Text to translate and speak.', required: true }),
                  direction: s.string({
                    description: 'Who hears it.',
                    enum: ['remote-caller', 'local-caller'],
                    default: 'local-caller',
                  }),
                },
                { description: 'Adds words.' },
              ),
            },
            {
              description: 'Starts it, sums up, or adds words.',
              exclusive: [{ names: ['start', 'summarize', 'inject'] }],
            },
          ),
          LIVE_WORD,
        ],
        { description: 'What to do.', required: true },
      ),
    },
    { description: 'Parameters of `live_translate`.' },
  ),
  outputs: [],
  events: [],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: [
    '- live_translate:\n    action:\n      start:\n        from_lang: en-US\n        to_lang: es-ES\n        direction: [remote-caller, local-caller]',
  ],
});
