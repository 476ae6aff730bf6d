/** From the parameters of `connect` to the calls that it makes, and their order (spec/call-control.md 3.1 to 3.3). */
import type { DialRequest } from '../../call/dialler.ts';
import { codecList } from '../common-params.ts';
import type { LegScript } from '../context.ts';
import type { ConnectParams, DestinationParams } from './params.ts';
import { type PlannedStream, plannedStream } from './stream.ts';

/** One destination with all that holds for it. */
export interface PlannedCall {
  readonly request: DialRequest;
  /** It is no call, but a stream. */
  readonly stream: PlannedStream | undefined;
  /** HTTP method of the callbacks of a stream. */
  readonly streamStatusMethod: 'GET' | 'POST';
  readonly confirm: LegScript | undefined;
  /** Longest run of `confirm`, s. */
  readonly confirmTimeout: number;
  readonly stateUrl: string | undefined;
  readonly stateEvents: ReadonlySet<string>;
  /** Why this version cannot call it, with the cure; undefined when it can. */
  readonly refusal: string | undefined;
}

export interface ConnectPlan {
  readonly calls: readonly PlannedCall[];
  /** Indices of `calls`: each group is called at once, one group after the other. */
  readonly groups: readonly (readonly number[])[];
}

/** Calls of one step, and those of them at once. */
export const MAX_CALLS = 128;
export const MAX_AT_ONCE = 32;

/** Of these an empty text, as a variable gives that is not set, says nothing: what the step says counts. */
const EMPTY_IS_NONE: ReadonlySet<string> = new Set([
  ...['from', 'from_name', 'codecs', 'username', 'password', 'name', 'authorization_bearer_token'],
]);

/** @throws RangeError when there are more destinations than one step may call */
export function planOf(params: ConnectParams): ConnectPlan {
  const { to, serial, parallel, serial_parallel: nested } = params;
  const lists: readonly (readonly DestinationParams[])[] =
    nested ??
    serial?.map((destination) => [destination]) ??
    (parallel === undefined ? undefined : [parallel]) ??
    (to === undefined ? [] : [[{ to }]]);
  const calls: PlannedCall[] = [];
  const groups = lists.map((list) =>
    list.map((destination) => calls.push(plannedCall(destination, params)) - 1),
  );
  if (calls.length > MAX_CALLS || groups.some(({ length }) => length > MAX_AT_ONCE)) {
    throw new RangeError(`at most ${MAX_CALLS} destinations, and ${MAX_AT_ONCE} of them at once`);
  }
  return { calls, groups };
}

/** What a destination does not set it takes from the step. */
function plannedCall(own: DestinationParams, step: ConnectParams): PlannedCall {
  const all = { ...step, ...withoutEmpty(own) };
  const { to, confirm, timeout, session_timeout: sessionTimeout, call_state_url: stateUrl } = all;
  const codecs = codecList(all.codecs ?? '');
  return {
    request: {
      to,
      from: all.from || undefined,
      fromName: all.from_name || undefined,
      headers: all.headers,
      // As by `answer`, a list of none says nothing of codecs.
      codecs: codecs.length === 0 ? undefined : codecs,
      sessionTimeout: sessionTimeout === 0 ? undefined : sessionTimeout,
      username: all.username || undefined,
      password: all.password,
      timeout,
    },
    stream: plannedStream(to, all),
    streamStatusMethod: all.status_url_method,
    confirm:
      confirm === undefined ? undefined : typeof confirm === 'string' ? { url: confirm } : { steps: confirm },
    confirmTimeout: all.confirm_timeout ?? timeout,
    stateUrl,
    stateEvents: new Set(all.call_state_events),
    refusal: refusalOf(to, all),
  };
}

function withoutEmpty(own: DestinationParams): DestinationParams {
  const said = Object.entries(own).filter(([name, value]) => value !== '' || !EMPTY_IS_NONE.has(name));
  return Object.fromEntries(said) as DestinationParams;
}

function refusalOf(
  to: string,
  { encryption, webrtc_media: webrtc }: Pick<ConnectParams, 'encryption' | 'webrtc_media'>,
): string | undefined {
  const others = 'call a sip: URI, a phone number or stream:wss://…';
  if (/^queue:/i.test(to)) return `this version has no queues: ${others}`;
  if (/^stream:/i.test(to)) return undefined;
  if (to.startsWith('/')) return `this version has no resource addresses: ${others}`;
  if (/^sips:/i.test(to)) return 'this version has no TLS: call a sip: URI';
  if (encryption === 'mandatory')
    return 'this version cannot encrypt calls: leave out "encryption: mandatory"';
  if (webrtc) return 'this version has no WebRTC: leave out "webrtc_media"';
  return undefined;
}
