import type { DestinationRefusal, SipTransportProtocol } from '../api.ts';
import type { SipUri } from '../message/uri.ts';
import type { Flow } from './flow.ts';

/** Where a request goes next. */
export interface Target {
  readonly protocol: SipTransportProtocol;
  /** Name or numeric address. */
  readonly host: string;
  readonly port: number;
  /** The URI leaves the transport open, so a message too long for UDP may go over TCP (RFC 3261 18.1.1). */
  readonly mayUpgrade: boolean;
  /** Take this connection as long as it is open, whatever the address. */
  readonly flow?: Flow | undefined;
  /** Take this connection where there is no other way. */
  readonly lastResort?: Flow | undefined;
  readonly refusal?: DestinationRefusal | undefined;
}

/** Port of sip: URIs over UDP and TCP (RFC 3261 19.1.2). */
export const DEFAULT_SIP_PORT = 5060;

/**
 * Where a URI leads, without its name being looked up (RFC 3263 4.1 and 4.2, without NAPTR and SRV).
 * @param protocol the transport to take, whatever the URI says
 * @throws RangeError when we have no such transport or the URI is not a SIP address
 */
export function targetOf(uri: SipUri, protocol?: SipTransportProtocol): Target {
  if (uri.scheme !== 'sip') {
    throw new RangeError(
      `cannot send to a ${uri.scheme}: URI; use sip: (TLS, which sips: needs, is not supported)`,
    );
  }
  const named = uri.params.get('transport')?.toLowerCase();
  const chosen = protocol ?? named ?? 'udp';
  if (chosen !== 'udp' && chosen !== 'tcp') {
    throw new RangeError(`cannot send over ${chosen}; use transport=udp or transport=tcp`);
  }
  return {
    protocol: chosen,
    // An IPv6 address has its brackets there (RFC 3261 25.1).
    host: uri.params.get('maddr')?.replace(/^\[(.*)\]$/, '$1') ?? uri.host,
    port: uri.port || DEFAULT_SIP_PORT,
    mayUpgrade: chosen === 'udp' && protocol === undefined && named === undefined,
  };
}
