import { CallError } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { codecList } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';
import { warnFailed } from '../warn-failed.ts';

const CODECS = ['PCMU', 'PCMA', 'G722', 'G729', 'AMR-WB', 'OPUS', 'VP8', 'H264'];

/** spec/call-control.md 1 */
export const answer = defineMethod({
  name: 'answer',
  kind: 'calling',
  summary: 'Answers an unanswered inbound call and can limit the length of the call.',
  params: s.object(
    {
      max_duration: s.integer({
        description: 'Longest duration of the whole call.',
        default: 14_400,
        min: 1,
        unit: 's',
      }),
      codecs: s.string({
        description: 'Codecs to accept, most wanted first, separated by commas.',
        defaultText: 'all that the server knows',
        allowed: `a comma list of ${CODECS.join(', ')}`,
        examples: ['PCMU,PCMA'],
        check: (text) =>
          codecList(text).every((name) => CODECS.includes(name))
            ? undefined
            : `a comma list of ${CODECS.join(', ')}`,
      }),
      username: s.string({ description: 'Accepted for compatibility; without effect.' }),
      password: s.string({ description: 'Accepted for compatibility; without effect.' }),
    },
    { description: 'Parameters of `answer`.' },
  ),
  outputs: [
    {
      name: 'answer_result',
      type: 'string',
      values: ['success', 'failed'],
      description: 'Whether the call is answered.',
    },
  ],
  events: [],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- answer: {}', '- answer:\n    max_duration: 600'],
  async run(context, params) {
    // A list of none says nothing of codecs: it is what a variable gives that is not set.
    const codecs = codecList(params.codecs ?? '');
    try {
      await context.leg.answer(codecs.length === 0 ? {} : { codecs });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      context.vars.set('answer_result', 'failed');
      warnFailed(context, 'The call could not be answered', error);
      // Without a codec in common there is nothing that a later step could do on this call.
      return error.code === 'no_common_codec' ? { kind: 'end' } : NEXT;
    }
    context.leg.limitDuration(params.max_duration);
    context.vars.set('answer_result', 'success');
    return NEXT;
  },
});
