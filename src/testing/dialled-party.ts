/** A call that the document of a virtual call makes: what is known of it, and its signalling. */
import { callerNumber } from '../call/caller-number.ts';
import type { DialRequest } from '../call/dialler.ts';
import { inviteFault } from '../call/invite-check.ts';
import { CallError, type CallInfo, type CallLeg } from '../call/leg.ts';
import type { MediaLeg } from '../call/media-leg.ts';
import type { Signalling } from '../call/signalling.ts';
import { sipData } from '../call/sip-data.ts';
import { redactUris } from '../log/redact.ts';
import type { CallStory } from './call-story.ts';
import { PAYLOAD_TYPES } from './caller-line.ts';
import type { VirtualRecogniser } from './recognition.ts';
import { SERVER_ADDRESS, type VirtualSignalling } from './signalling.ts';

/** How far the telephone of a call has come. */
export interface LineState {
  signalling: VirtualSignalling | undefined;
  over: boolean;
  /** Why it could not be reached. */
  failure: string | undefined;
}

/** A call that is being made, and whoever is at it. */
export interface DialledParty {
  readonly leg: MediaLeg;
  readonly number: number;
  readonly request: DialRequest;
  readonly parent: CallLeg;
  readonly story: CallStory;
  readonly recogniser: VirtualRecogniser;
  readonly line: LineState;
}

/** Of a call that is being made: only its end is ours. */
export function dialledSignalling(line: LineState): Signalling {
  const refuse = async (): Promise<never> => {
    throw new CallError('invalid_state', 'only its party can answer a call of ours');
  };
  return {
    localAddress: SERVER_ADDRESS,
    answer: refuse,
    earlyMedia: refuse,
    end: async (reason) => {
      line.over = true;
      await line.signalling?.end(reason);
    },
  };
}

/** Where phone numbers lead, as by the gateway of a server. */
const GATEWAY = 'sip:number@gateway.example.com';

/** Why no server could make this call, in words; undefined when one could. */
export function faultOf(
  { to, fromName, headers, codecs }: DialRequest,
  { type, from }: Pick<CallInfo, 'type' | 'from'>,
): string | undefined {
  if (codecs !== undefined && !codecs.some((name) => Object.hasOwn(PAYLOAD_TYPES, name))) {
    return 'none of the codecs to offer is one of ours';
  }
  return inviteFault({
    to: type === 'phone' ? GATEWAY : to,
    from,
    ...(headers !== undefined && { headers }),
    ...(fromName !== undefined && { displayName: fromName }),
  });
}

/** Of what the server received of a party, in the form of a recording. */
export function receivedName(number: number | undefined): string {
  return `received-${number}.wav`;
}

export function infoOf(
  request: DialRequest,
  parent: CallInfo,
  callId: string,
): Omit<CallInfo, 'call_state' | 'peer'> {
  const to = redactUris(request.to);
  const type = /^sips?:/i.test(to) ? 'sip' : 'phone';
  // As by the gateway of a server.
  const caller = type === 'sip' ? (request.from ?? parent.from) : callerNumber(request.from, parent.from);
  const from = redactUris(caller);
  return {
    call_id: callId,
    node_id: parent.node_id,
    segment_id: callId,
    direction: 'outbound',
    type,
    from,
    to,
    headers: [...(request.headers ?? [])],
    ...(type === 'sip' && {
      sip_data: sipData({ requestUri: to, from: { uri: from }, to: { uri: to }, contact: undefined }),
    }),
    parent: { device_type: parent.type, call_id: parent.call_id, node_id: parent.node_id },
    project_id: parent.project_id,
    space_id: parent.space_id,
  };
}
