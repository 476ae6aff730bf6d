import { CallError } from '../../call/leg.ts';
import type { TapOperation, TapOptions } from '../../call/streams/types.ts';
import { newControlId, statusUrl } from '../../methods/common-params.ts';
import { TAP_SIDES, tellTap } from '../../methods/stream-events.ts';
import type { Infer } from '../../swml/schema.ts';
import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { refusal } from './issues.ts';
import { refusedStream } from './running-stream.ts';

const DEVICE = s.object(
  {
    type: s.string({ description: 'How it is sent.', enum: ['rtp', 'ws'], required: true }),
    params: s.object(
      {
        addr: s.string({ description: '`rtp`: IPv4 address.' }),
        port: s.integer({ description: '`rtp`: UDP port.', min: 1, max: 65_535 }),
        uri: s.string({ description: '`ws`: `ws://` or `wss://`.' }),
        codec: s.string({
          description: 'PCMU, PCMA or OPUS, in either case.',
          pattern: /^(?:PCMU|PCMA|OPUS)$/i,
          allowed: 'PCMU, PCMA or OPUS',
          defaultText: 'that of the call, if it is one of them, else PCMU',
        }),
        ptime: s.integer({
          description: '`rtp`: audio in a packet, in steps of 10.',
          min: 10,
          max: 120,
          unit: 'ms',
          defaultText: 'that of the call',
        }),
      },
      { description: 'Its particulars.', required: true },
    ),
  },
  { description: 'Where it goes.', required: true },
);

/** spec/rest.md 2.4, spec/media.md 6 */
export const tap = defineCommand({
  name: 'calling.tap',
  summary: 'Sends a copy of the audio of the call to an RTP or WebSocket address.',
  params: s.object(
    {
      control_id: newControlId,
      tap: s.object(
        {
          type: s.string({ description: 'What is copied.', enum: ['audio'], required: true }),
          params: s.object(
            {
              direction: s.string({
                description: '`speak` is what the party says, `listen` what it hears.',
                enum: ['speak', 'listen', 'both'],
                default: 'speak',
              }),
            },
            { description: 'Its particulars.', default: { direction: 'speak' } },
          ),
        },
        { description: 'What is copied.', required: true },
      ),
      device: DEVICE,
      status_url: statusUrl('calling.call.tap'),
    },
    { description: 'Parameters of `calling.tap`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: [
    '{"control_id": "tap-1", "tap": {"type": "audio", "params": {"direction": "both"}}, "device": {"type": "rtp", "params": {"addr": "192.0.2.5", "port": 4000, "codec": "PCMU", "ptime": 20}}}',
  ],
  async run({ call, newId }, params) {
    const controlId = params.control_id || newId();
    const { direction } = params.tap.params;
    let operation: TapOperation;
    try {
      operation = await call.leg.tap({
        controlId,
        side: TAP_SIDES[direction],
        ...deviceOf(params.device),
      });
    } catch (error) {
      throw error instanceof CallError ? refusedStream(error, 'device') : error;
    }
    tellTap(operation, direction, { call: call.leg.info, url: params.status_url, emit: call.emit });
    return { control_id: controlId, ...sourceOf(operation) };
  },
});

/** @throws HttpProblem 422 that names what is missing */
function deviceOf({ type, params }: Infer<typeof DEVICE>): Pick<TapOptions, 'uri' | 'codec' | 'ptimeMs'> {
  const codec = params.codec?.toUpperCase() as TapOptions['codec'];
  const missing = (name: string): Error =>
    refusal({
      code: 'missing_required_parameter',
      message: `"${name}" is missing: a device of type "${type}" needs it`,
      attribute: `device.params.${name}`,
    });
  if (type === 'ws') {
    if (params.uri === undefined) throw missing('uri');
    if (!/^\s*wss?:\/\//i.test(params.uri)) {
      const message = `"uri" is no WebSocket URL: expected ws:// or wss://, found "${params.uri.slice(0, 80)}"`;
      throw refusal({ code: 'invalid_parameter', message, attribute: 'device.params.uri' });
    }
    return { uri: params.uri, codec, ptimeMs: 20 };
  }
  if (params.addr === undefined) throw missing('addr');
  if (params.port === undefined) throw missing('port');
  if (params.ptime !== undefined && params.ptime % 10 !== 0) {
    const message = `"ptime" is ${params.ptime}: expected 10, 20 … 120`;
    throw refusal({ code: 'invalid_parameter', message, attribute: 'device.params.ptime' });
  }
  return { uri: `rtp://${params.addr}:${params.port}`, codec, ptimeMs: params.ptime };
}

function sourceOf({ rtp }: TapOperation) {
  return rtp === undefined
    ? {}
    : { source_device: { type: 'rtp', params: { addr: rtp.sourceAddress, port: rtp.sourcePort } } };
}
