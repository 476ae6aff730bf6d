import { successVariable } from './common-params.ts';
import type { OutputVariable } from './method.ts';

/** The variables that both fax methods set, each with the name of its method before it (spec/fax-pay-sms.md 1). */
export function faxOutputs(prefix: 'receive_fax' | 'send_fax'): readonly OutputVariable[] {
  return [
    { name: `${prefix}_document`, type: 'string', description: 'URL of the document.' },
    { name: `${prefix}_identity`, type: 'string', description: 'This station.' },
    { name: `${prefix}_remote_identity`, type: 'string', description: 'The other station.' },
    { name: `${prefix}_pages`, type: 'integer', description: 'Pages that were transferred.' },
    {
      name: `${prefix}_result_code`,
      type: 'integer',
      description: 'Result of the fax engine, 0 when all is well.',
    },
    { name: `${prefix}_result_text`, type: 'string', description: 'The result in words.' },
    successVariable(`${prefix}_result`, 'Whether the fax went through.'),
  ];
}
