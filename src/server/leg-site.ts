import type { SipLegSite } from '../call/sip-leg.ts';
import type { CallsOptions } from './calls.ts';

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
    idleMedia: config.rtp.idle_media,
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
