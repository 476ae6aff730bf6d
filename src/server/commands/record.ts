import { CallError, type RecordOperation } from '../../call/leg.ts';
import { newControlId } from '../../methods/common-params.ts';
import {
  direction,
  RECORDING_DEFAULTS,
  RECORDING_STATUS_URL,
  recordingProperties,
  recordOptions,
} from '../../methods/recording-params.ts';
import { isObject, type JsonObject, type JsonValue, setMember } from '../../swml/json.ts';
import type { Path } from '../../swml/position.ts';
import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import { type CommandReply, defineCommand, type Tolerated } from './command.ts';
import { refusal } from './issues.ts';

const AUDIO = {
  ...recordingProperties(RECORDING_DEFAULTS['calling.record']),
  direction: direction(['speak', 'listen', 'both'], [], 'speak'),
};

/** spec/record.md 5, spec/rest.md 2.4 */
export const record = defineCommand({
  name: 'calling.record',
  summary: 'Starts a recording of the call, beside whatever its script does.',
  params: s.object(
    {
      control_id: newControlId,
      record: s.object(
        { audio: s.object(AUDIO, { description: 'How to record.', default: {} }) },
        { description: 'What to record.', default: {} },
      ),
      status_url: RECORDING_STATUS_URL,
    },
    { description: 'Parameters of `calling.record`.' },
  ),
  tolerate,
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "rec-1", "record": {"audio": {"format": "wav", "direction": "both"}}}'],
  async run({ call, newId }, params) {
    const controlId = params.control_id || newId();
    try {
      const audio = { ...params.record.audio, status_url: params.status_url };
      return recordingReply(await call.leg.record(recordOptions(audio, controlId)));
    } catch (error) {
      if (error instanceof CallError) throw refused(error);
      throw error;
    }
  },
});

/** What the replies about a recording add to the call object: `url` is that of its file. */
export function recordingReply({ controlId, recordingId, url }: RecordOperation): CommandReply {
  return { control_id: controlId, recording_id: recordingId, url };
}

function refused(error: CallError): Error {
  const { code, message } = error;
  switch (code) {
    case 'control_id_in_use':
      return refusal({ code: 'value_not_unique', message, attribute: 'control_id' });
    case 'too_many_recordings':
    case 'no_consent':
    case 'invalid_state':
      return refusal({ code: 'invalid_state', message, attribute: 'id' });
    case 'call_over':
      return problem(404);
    default:
      return error;
  }
}

/**
 * Clients also send `audio` without `record` around it, `record` without `audio` in it, or the properties
 * right away. What stands deepest counts.
 */
function tolerate(params: JsonObject): Tolerated {
  const { record: around, audio: beside, ...others } = params;
  const inner = isObject(around) ? around['audio'] : undefined;
  if (isWrong(around) || isWrong(inner)) return { params, asSent: (path) => path };
  if (isWrong(beside)) {
    const asSent = (path: Path): Path => (path[0] === 'record' ? path.slice(1) : path);
    return { params: { ...others, record: { audio: beside } }, asSent };
  }
  const audio: Record<string, JsonValue> = {};
  const rest: Record<string, JsonValue> = {};
  const places = new Map<string | number, Path>();
  const take = (place: Path, name: string, value: JsonValue): void => {
    setMember(audio, name, value);
    places.set(name, [...place, name]);
  };
  for (const [name, value] of Object.entries(others)) {
    if (Object.hasOwn(AUDIO, name)) take([], name, value);
    else setMember(rest, name, value);
  }
  for (const [name, value] of entries(beside)) take(['audio'], name, value);
  for (const [name, value] of entries(around)) if (name !== 'audio') take(['record'], name, value);
  for (const [name, value] of entries(inner)) take(['record', 'audio'], name, value);
  const asSent = (path: Path): Path => {
    const [first, second, name = ''] = path;
    return (first === 'record' && second === 'audio' && places.get(name)) || path;
  };
  return { params: { ...rest, record: { audio } }, asSent };
}

/** Given, and no object: left to be told. */
function isWrong(value: JsonValue | undefined): value is Exclude<JsonValue, JsonObject | null> {
  return value !== undefined && value !== null && !isObject(value);
}

function entries(value: JsonValue | undefined): readonly [string, JsonValue][] {
  return isObject(value) ? Object.entries(value) : [];
}
