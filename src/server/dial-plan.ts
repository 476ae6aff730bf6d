/** From the destination of a document to the INVITE that reaches it. */
import { callerNumber } from '../call/caller-number.ts';
import type { CallInfo } from '../call/leg.ts';
import type { DialRequest } from '../call/dialler.ts';
import { type AddressGuard, refusalText } from '../net/address-guard.ts';
import type { DestinationRefusal, OutgoingCallOptions } from '../sip/api.ts';
import { escapeUser, hostPortToString, parseUri } from '../sip/message/uri.ts';
import { targetOf } from '../sip/transport/target.ts';
import { NUMBER_PLACE } from './config-dial-keys.ts';
import type { Config } from './config-keys.ts';

export interface DialPlan {
  readonly invite: Omit<OutgoingCallOptions, 'sdp' | 'refusal'>;
  readonly type: 'sip' | 'phone';
  /** As the call object shows it. */
  readonly from: string;
  /** The gateway is the operator's choice and may be anywhere; nothing else may be but by `network.allow`. */
  readonly refusal: DestinationRefusal;
}

const PHONE_NUMBER = /^\+?[0-9*#]+$/;

/**
 * @param parent the call that it is made for
 * @throws RangeError saying what to change, for a destination that cannot be called
 */
export function dialPlan(
  request: DialRequest,
  parent: Pick<CallInfo, 'from'>,
  settings: Config['dial'],
  guard: AddressGuard,
): DialPlan {
  const { to, fromName, headers, username, password, sessionTimeout, timeout } = request;
  const shared = {
    ...(fromName !== undefined && { displayName: fromName }),
    ...(headers !== undefined && { headers }),
    ...(sessionTimeout !== undefined && { sessionExpires: sessionTimeout }),
    timeoutMs: timeout * 1000,
  };
  if (!PHONE_NUMBER.test(to)) {
    const from = request.from ?? parent.from;
    const credentials = username === undefined ? {} : { credentials: { username, password: password ?? '' } };
    return {
      invite: { ...shared, ...credentials, to, from },
      type: 'sip',
      from,
      refusal: refusalBy(guard),
    };
  }
  const { gateway } = settings;
  if (gateway === undefined) {
    throw new RangeError(
      `the phone number ${to} needs a gateway: set dial.gateway (such as sip:{number}@gateway.example.com), or call a sip: URI`,
    );
  }
  const uri = gateway.replace(NUMBER_PLACE, escapeUser(to));
  const parsed = parseUri(uri);
  const { host } = parsed;
  const from = callerNumber(request.from ?? settings.from, parent.from);
  const user = username ?? settings.username;
  const secret = username === undefined ? settings.password : password;
  return {
    invite: {
      ...shared,
      ...(user !== undefined && { credentials: { username: user, password: secret ?? '' } }),
      to: uri,
      from: /^sips?:/i.test(from) ? from : `sip:${escapeUser(from)}@${hostPortToString(host, undefined)}`,
    },
    type: 'phone',
    from,
    // With `maddr`, that is where the call goes.
    refusal: refusalBy(guard, targetOf(parsed).host),
  };
}

/** @param trusted host that may be anywhere */
function refusalBy(guard: AddressGuard, trusted?: string): DestinationRefusal {
  return (host, address, port) => {
    if (host === trusted || guard.allowsName(host, port)) return undefined;
    const range = guard.refusal(address, port);
    if (range === undefined) return undefined;
    const place = host === address ? address : `${host} (${address})`;
    return refusalText(place, range, 'calls', host);
  };
}
