import { isIP } from 'node:net';
import type { SipLegSite } from '../call/sip-leg.ts';
import type { IdleMedia } from '../mediaworker/protocol.ts';
import { isWildcard, withoutZone } from '../sip/transport/network.ts';
import type { CallsOptions } from './calls.ts';
import type { Config } from './config-keys.ts';

/** What the legs of all calls have in common, in both directions. */
export function legSite(
  options: CallsOptions,
): Omit<SipLegSite, 'callId' | 'eventChannel' | 'onEvent' | 'recordingRefusal'> {
  const { config, identity, media, sounds, recordings, recogniser, streams, clock, log } = options;
  return {
    nodeId: identity.nodeId,
    projectId: identity.projectId,
    spaceId: identity.spaceId,
    media,
    rtpBindAddress: config.rtp.bind,
    advertisedAddress: config.sip.advertised_address ?? onlyAddress(config.rtp.bind),
    codecs: config.rtp.codecs,
    idleMedia: idleMedia(config.rtp),
    inbandDigits: config.dtmf.inband,
    concealLoss: config.rtp.conceal_loss,
    sounds,
    recordings,
    recogniser,
    streams,
    clock,
    log,
  };
}

/** Where audio is received on one address alone, no other may be told, whichever interface leads to the peer. */
function onlyAddress(bind: string): string | undefined {
  return isIP(bind) === 0 || isWildcard(bind) ? undefined : withoutZone(bind);
}

function idleMedia({ idle_media: idle, keepalive_seconds: keepaliveSeconds }: Config['rtp']): IdleMedia {
  return idle === 'keepalive' ? { keepaliveSeconds } : idle;
}
