import * as s from '../../swml/schema.ts';
import { successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/fax-pay-sms.md 3 */
export const sendSms = defineMethod({
  name: 'send_sms',
  kind: 'calling',
  summary: 'Sends a text message.',
  params: s.object(
    {
      to_number: s.string({ description: 'Number of the receiver, E.164.', required: true, minLength: 1 }),
      from_number: s.string({ description: 'Number of the sender, E.164.', required: true, minLength: 1 }),
      body: s.string({ description: 'The text.' }),
      media: s.array(s.string({ description: 'URL of a file.' }), {
        description: 'Files; they make it an MMS.',
      }),
      region: s.string({ description: 'Where the message starts from.', defaultText: 'by the account' }),
      tags: s.array(s.string({ description: 'A label.' }), { description: 'Labels to find the message by.' }),
      status_callback: s.string({ description: 'Where reports of its delivery go.', format: 'http-url' }),
    },
    {
      description: 'Parameters of `send_sms`.',
      exclusive: [{ names: ['body', 'media'], several: true }],
    },
  ),
  outputs: [successVariable('send_sms_result', 'Whether the message was accepted.')],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: true,
  examples: [
    '- send_sms:\n    to_number: "+15550100"\n    from_number: "+15550101"\n    body: "You called us."',
  ],
});
