import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

import type { Logger } from '../../log/logger.ts';
import { LocalMediaHost } from '../../mediaworker/local-host.ts';
import { createRtpSockets } from '../../rtp/sockets.ts';
import type { SipTransportProtocol } from '../../sip/api.ts';
import { createSipEndpoint } from '../../sip/endpoint.ts';
import { SipParseError } from '../../sip/message/errors.ts';
import { parseUri, type SipUri } from '../../sip/message/uri.ts';
import { createSynthesizer } from '../../speech/registry.ts';
import type { Clock } from '../../time/clock.ts';
import { UsageError } from '../errors.ts';
import { impairSocket } from './impaired-socket.ts';
import { Phone, type PhoneOptions } from './phone.ts';
import { PhoneSounds } from './phone-sounds.ts';

export interface PhoneLineOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whom it is for: decides the interface, and the transport unless `protocol` does. */
  readonly to: string;
  readonly protocol?: SipTransportProtocol | undefined;
  /** Brings the voice to full speed ahead of its first words. */
  readonly willSpeak: boolean;
  /** Share of the sent audio packets to lose, 0 to 1. */
  readonly lossShare: number;
}

export type LineCall = Omit<
  PhoneOptions,
  'endpoint' | 'clock' | 'media' | 'sounds' | 'log' | 'localAddress' | 'protocol'
>;

/** Everything that a phone needs on this machine, opened for one destination. */
export interface PhoneLine {
  /** @throws UsageError when `from` is no SIP address; Error when the call cannot be placed */
  call(options: LineCall): Promise<Phone>;
  /** Ends what is still up and frees all sockets. */
  close(): Promise<void>;
}

/** Ports of the phone's audio; away from those of a server on the same machine (20000–29999). */
const RTP_PORTS = { minPort: 40_000, maxPort: 49_999 };

/** @throws UsageError when `to` is no SIP address, wants another transport, or its host is not known */
export async function openPhoneLine(options: PhoneLineOptions): Promise<PhoneLine> {
  const { clock, log, lossShare } = options;
  const uri = readUri(options.to);
  const protocol = options.protocol ?? protocolOf(uri);
  const address = await addressOf(uri.host);
  const endpoint = createSipEndpoint({
    clock,
    log: log.child({ component: 'sip' }),
    userAgent: 'OpenSWML phone',
    listeners: [{ protocol, host: isIPv6(address) ? '::' : '0.0.0.0', port: 0 }],
    onInvite: (call) => call.refuse(486),
  });
  await endpoint.start();
  const sockets = createRtpSockets({ ...RTP_PORTS, nowMs: () => clock.monotonic(), random: Math.random });
  const media = new LocalMediaHost({
    clock,
    log: log.child({ component: 'media' }),
    random: Math.random,
    openSocket: async (bindAddress) => impairSocket(await sockets.open(bindAddress), lossShare, Math.random),
  });
  const speech = createSynthesizer({ clock, log });
  if (options.willSpeak) {
    speech.warmUp().catch((cause: unknown) => log.warn({ err: cause }, 'the voice could not be warmed up'));
  }
  const localAddress = endpoint.localAddressFor(address);
  return {
    call: async (call) => {
      const from = call.from ?? `sip:phone@${isIPv6(localAddress) ? `[${localAddress}]` : localAddress}`;
      const sounds = new PhoneSounds(speech, clock);
      const own = { endpoint, media, clock, sounds, log, protocol, localAddress, from };
      try {
        return await Phone.call({ ...call, ...own });
      } catch (cause) {
        // Whom it is for has been read already.
        if (!(cause instanceof SipParseError)) throw cause;
        throw new UsageError(`'${from}' is no SIP address to call from; write sip:NAME@HOST`, { cause });
      }
    },
    close: async () => {
      await endpoint.close();
      await media.close();
      await speech.close();
    },
  };
}

/** @throws UsageError showing how a SIP address is written */
function readUri(text: string): SipUri {
  const cure = 'write sip:NAME@HOST or sip:NAME@HOST:PORT';
  let uri: SipUri;
  try {
    uri = parseUri(text);
  } catch (cause) {
    throw new UsageError(`'${text}' is no SIP address; ${cure}`, { cause });
  }
  if (uri.scheme === 'sip' && uri.host !== '') return uri;
  const why =
    uri.scheme === 'sips' ? 'TLS is not among its transports' : `it cannot call ${uri.scheme}: addresses`;
  throw new UsageError(`the phone cannot call '${text}': ${why}; ${cure}`);
}

/** @throws UsageError for any other than UDP and TCP: what was to be secret must not go in the clear */
function protocolOf(uri: SipUri): SipTransportProtocol {
  const named = uri.params.get('transport')?.toLowerCase() ?? 'udp';
  if (named === 'udp' || named === 'tcp') return named;
  throw new UsageError(`the phone cannot call over ${named}; write ;transport=tcp or ;transport=udp`);
}

/** @throws UsageError when no name server knows the host */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host, { order: 'ipv4first' })).address;
  } catch (cause) {
    throw new UsageError(`cannot find the host '${host}': check its name, or write its address`, { cause });
  }
}
