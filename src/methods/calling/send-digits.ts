import * as s from '../../swml/schema.ts';
import { CallError } from '../../call/leg.ts';
import { successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { isReplaced } from '../is-replaced.ts';
import { defineMethod } from '../method.ts';
import { warnFailed } from '../warn-failed.ts';

/** spec/call-control.md 5 */
export const sendDigits = defineMethod({
  name: 'send_digits',
  kind: 'calling',
  summary: 'Sends keys to the party.',
  params: s.object(
    {
      digits: s.string({
        description:
          'Keys, each 250 ms long and 50 ms behind the one before (events: whole packets of 20 ms, so 260 and 60); `W` is a pause of 1 s, `w` one of 0.5 s.',
        required: true,
        pattern: /^[0-9A-Da-d*#Ww]*$/,
        allowed: 'digits 0-9, A-D, *, #, W and w',
        examples: ['1w2#'],
      }),
    },
    { description: 'Parameters of `send_digits`.' },
  ),
  outputs: [successVariable('send_digits_result', 'Whether they were sent.')],
  events: [],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- send_digits:\n    digits: 1w234#'],
  async run(context, { digits }) {
    const { leg, vars, signal } = context;
    try {
      await leg.answer();
      const keys = digits.replace(/[a-d]/g, (key) => key.toUpperCase());
      await leg.sendDigits(keys, signal);
      // Another script may run by now, with the same variables.
      if (signal.aborted) return NEXT;
      vars.set('send_digits_result', 'success');
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (!isReplaced(context)) vars.set('send_digits_result', 'failed');
      warnFailed(context, 'The digits could not be sent', error);
    }
    return NEXT;
  },
});
