import type { SipLegSite } from '../call/sip-leg.ts';
import type { IdleMedia } from '../mediaworker/protocol.ts';
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
    advertisedAddress: config.sip.advertised_address,
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

function idleMedia({ idle_media: idle, keepalive_seconds: keepaliveSeconds }: Config['rtp']): IdleMedia {
  return idle === 'keepalive' ? { keepaliveSeconds } : idle;
}
