import * as s from '../../swml/schema.ts';
import { address, newControlId, statusUrl, successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 6 */
export const tap = defineMethod({
  name: 'tap',
  kind: 'calling',
  summary: 'Copies the audio of the call to an RTP or WebSocket address in the background.',
  params: s.object(
    {
      uri: address(['rtp', 'ws', 'wss'], {
        description: 'Where the audio goes.',
        required: true,
        examples: ['rtp://192.0.2.5:4000'],
      }),
      control_id: newControlId,
      direction: s.string({
        description: '`speak` is what the party says, `listen` what it hears.',
        enum: ['speak', 'listen', 'both'],
        default: 'speak',
      }),
      codec: s.string({ description: 'Codec of the copy.', enum: ['PCMU', 'PCMA'], default: 'PCMU' }),
      rtp_ptime: s.integer({
        description: 'Audio in one RTP packet.',
        default: 20,
        min: 10,
        max: 120,
        unit: 'ms',
      }),
      status_url: statusUrl('calling.call.tap'),
    },
    { description: 'Parameters of `tap`.' },
  ),
  outputs: [
    successVariable('tap_result', 'Whether the tap was started.'),
    { name: 'tap_uri', type: 'string', description: 'Where the audio goes.' },
    { name: 'tap_control_id', type: 'string', description: 'Name of this tap.' },
    { name: 'tap_rtp_src_addr', type: 'string', description: 'Address that RTP comes from.' },
    { name: 'tap_rtp_src_port', type: 'integer', description: 'Port that RTP comes from.' },
    { name: 'tap_ptime', type: 'integer', description: 'Audio in one packet, ms.' },
    { name: 'tap_codec', type: 'string', description: 'Codec that is used.' },
    { name: 'tap_rate', type: 'integer', description: 'Sample rate, Hz.' },
  ],
  events: ['calling.call.tap'],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: ['- tap:\n    uri: rtp://192.0.2.5:4000\n    direction: both'],
});
