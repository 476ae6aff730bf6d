import * as s from '../../swml/schema.ts';
import { statusUrl } from '../common-params.ts';
import { faxOutputs } from '../fax-outputs.ts';
import { defineMethod } from '../method.ts';

/** spec/fax-pay-sms.md 1 */
export const sendFax = defineMethod({
  name: 'send_fax',
  kind: 'calling',
  summary: 'Sends a PDF as a fax.',
  params: s.object(
    {
      document: s.string({ description: 'URL of the PDF.', required: true, format: 'http-url' }),
      header_info: s.string({ description: 'Text for the head of each page.' }),
      identity: s.string({
        description: 'Station that is told to the other side.',
        defaultText: 'the number of the caller',
      }),
      status_url: statusUrl('calling.call.fax'),
    },
    { description: 'Parameters of `send_fax`.' },
  ),
  outputs: faxOutputs('send_fax'),
  events: ['calling.call.fax'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- send_fax:\n    document: https://example.com/order.pdf'],
});
