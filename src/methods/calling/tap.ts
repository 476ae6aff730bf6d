import { CallError } from '../../call/leg.ts';
import type { TapOperation } from '../../call/streams/types.ts';
import * as s from '../../swml/schema.ts';
import { address, newControlId, statusUrl, successVariable } from '../common-params.ts';
import type { ScriptVariables } from '../context.ts';
import { NEXT } from '../flow.ts';
import { LatestStep } from '../latest-step.ts';
import { defineMethod } from '../method.ts';
import { TAP_SIDES, tellTap } from '../stream-events.ts';
import { warnFailed } from '../warn-failed.ts';

/** Over WebSocket there is nothing to choose (spec/media.md 6: `rtp_ptime` is for RTP only), ms. */
const SOCKET_PTIME_MS = 20;

const OUTPUTS = [
  'tap_uri',
  'tap_control_id',
  'tap_rtp_src_addr',
  'tap_rtp_src_port',
  'tap_ptime',
  'tap_codec',
  'tap_rate',
] as const;
/** One that connects may be overtaken by one of a document that took the place of its own. */
const steps = new LatestStep();

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
  async run(context, params) {
    const { leg, vars } = context;
    const isLatest = steps.begin(vars);
    const controlId = params.control_id || context.newId();
    for (const name of OUTPUTS) if (name !== 'tap_control_id') vars.unset(name);
    let operation: TapOperation;
    try {
      await leg.answer();
      operation = await leg.tap({
        controlId,
        uri: params.uri,
        side: TAP_SIDES[params.direction],
        codec: params.codec,
        ptimeMs: /^\s*rtp:/i.test(params.uri) ? params.rtp_ptime : SOCKET_PTIME_MS,
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isLatest()) vars.set('tap_result', 'failed');
      warnFailed(context, 'The tap could not start', error);
      return NEXT;
    }
    if (isLatest()) setOutputs(vars, operation);
    tellTap(operation, params.direction, {
      call: leg.info,
      url: params.status_url,
      emit: (callback) => context.emit(callback),
    });
    return NEXT;
  },
});

function setOutputs(
  vars: ScriptVariables,
  { controlId, uri, ptimeMs, codec, rate, rtp }: TapOperation,
): void {
  vars.set('tap_result', 'success');
  vars.set('tap_uri', uri);
  vars.set('tap_control_id', controlId);
  vars.set('tap_ptime', ptimeMs);
  vars.set('tap_codec', codec);
  vars.set('tap_rate', rate);
  if (rtp !== undefined) {
    vars.set('tap_rtp_src_addr', rtp.sourceAddress);
    vars.set('tap_rtp_src_port', rtp.sourcePort);
  }
}
