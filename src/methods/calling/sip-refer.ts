import * as s from '../../swml/schema.ts';
import { statusUrl, successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/call-control.md 4 */
export const sipRefer = defineMethod({
  name: 'sip_refer',
  kind: 'calling',
  summary: 'Hands the call over to another SIP address (REFER).',
  params: s.object(
    {
      to_uri: s.string({
        description: 'SIP URI that the party is to call.',
        required: true,
        pattern: /^sips?:.+/i,
        allowed: 'a URI that starts with sip: or sips:',
        examples: ['sip:desk@example.com'],
      }),
      status_url: statusUrl('calling.call.refer'),
      username: s.string({ description: 'User for SIP authentication.' }),
      password: s.string({ description: 'Password for SIP authentication.' }),
    },
    { description: 'Parameters of `sip_refer`.' },
  ),
  outputs: [
    { name: 'sip_refer_to', type: 'string', description: 'The URI that was referred to.' },
    successVariable('sip_refer_result', 'Whether the party reached the other address.'),
    { name: 'return_value', type: 'string', description: 'As `sip_refer_result`.' },
    { name: 'sip_refer_response_code', type: 'string', description: 'Status of the reply to REFER.' },
    {
      name: 'sip_refer_to_response_code',
      type: 'string',
      description: 'Status of the new call, as NOTIFY told it.',
    },
  ],
  events: ['calling.call.refer'],
  execution: 'foreground',
  answers: 'never',
  blocks: true,
  examples: ['- sip_refer:\n    to_uri: sip:desk@example.com'],
});
