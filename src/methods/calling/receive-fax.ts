import * as s from '../../swml/schema.ts';
import { statusUrl } from '../common-params.ts';
import { faxOutputs } from '../fax-outputs.ts';
import { defineMethod } from '../method.ts';

/** spec/fax-pay-sms.md 1 */
export const receiveFax = defineMethod({
  name: 'receive_fax',
  kind: 'calling',
  summary: 'Receives a fax.',
  params: s.object(
    { status_url: statusUrl('calling.call.fax') },
    { description: 'Parameters of `receive_fax`.' },
  ),
  outputs: faxOutputs('receive_fax'),
  events: ['calling.call.fax'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- receive_fax: {}\n- execute:\n    dest: https://example.com/fax-received'],
});
