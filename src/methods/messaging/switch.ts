import * as s from '../../swml/schema.ts';
import { SWITCH_PROPERTIES, switchChoice, switchPath } from '../choice-params.ts';
import { defineMessagingMethod } from '../method.ts';
import { TRANSFORM } from '../transform.ts';

/** spec/messaging.md 4.8 */
export const switchMethod = defineMessagingMethod({
  name: 'switch',
  summary: 'Runs the steps whose key is the value of a variable.',
  params: s.object(
    {
      ...SWITCH_PROPERTIES,
      variable: s.string({
        description: 'Path of the variable, without `%{}`.',
        required: true,
        literal: true,
        check: (text) => (switchPath(text) === undefined ? 'a path such as message.body' : undefined),
        examples: ['message.body', 'params.n'],
      }),
      transform: TRANSFORM,
    },
    { description: 'Parameters of `switch`.' },
  ),
  outputs: [],
  execution: 'control',
  blocks: false,
  examples: [
    '- switch:\n    variable: message.body\n    transform: lowercase_trim\n    case:\n      stop:\n        - reply: Good bye.\n    default:\n      - reply: Send STOP to end.',
  ],
  run(context, params) {
    const block = context.choose({ ...switchChoice(params), transform: params.transform });
    if (block !== undefined) return { kind: 'block', block };
    throw context.error(
      'noMatch',
      `No case is for the value of "${params.variable}", and there is no default`,
    );
  },
});
