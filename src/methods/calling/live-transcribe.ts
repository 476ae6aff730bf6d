import * as s from '../../swml/schema.ts';
import { LIVE_START_PROPERTIES, LIVE_WORD, SUMMARIZE } from '../live-params.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 10 */
export const liveTranscribe = defineMethod({
  name: 'live_transcribe',
  kind: 'calling',
  summary: 'Writes down the call as it goes on; starts, sums up or ends that.',
  params: s.object(
    {
      action: s.union(
        [
          s.object(
            {
              start: s.object(
                {
                  lang: s.string({ description: 'Language, BCP 47.', required: true }),
                  ...LIVE_START_PROPERTIES,
                },
                { description: 'Starts it.' },
              ),
              summarize: SUMMARIZE,
            },
            { description: 'Starts it, or sums up.', exclusive: [{ names: ['start', 'summarize'] }] },
          ),
          LIVE_WORD,
        ],
        { description: 'What to do.', required: true },
      ),
    },
    { description: 'Parameters of `live_transcribe`.' },
  ),
  outputs: [],
  events: [],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: [
    '- live_transcribe:\n    action:\n      start:\n        lang: en-US\n        direction: [remote-caller, local-caller]\n        webhook: https://example.com/live',
  ],
});
