/** What sessions are told in tests that do not care, each value to be changed. */
import { silentLogger } from '../log/logger.ts';
import { seededRandom } from '../media/test-signals.ts';
import type { RecordSpec } from '../recording/types.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { HandClock } from './hand-clock.test-helper.ts';
import { EVENT_PAYLOAD_TYPE } from './peer.test-helper.ts';
import type { NegotiatedMedia } from './protocol.ts';
import { MediaSession, type MediaSessionOptions } from './session.ts';

export const PEER_ADDRESS = '10.0.0.9';

/** PCMU with telephone-events, both ways, 20 ms. */
export function negotiated(change: Partial<NegotiatedMedia> = {}): NegotiatedMedia {
  const { remotePort = 5000 } = change;
  return {
    codec: 'PCMU',
    payloadType: 0,
    telephoneEventPayloadType: EVENT_PAYLOAD_TYPE,
    remoteAddress: PEER_ADDRESS,
    remotePort,
    remoteRtcpPort: remotePort + 1,
    direction: 'sendrecv',
    ptimeMs: 20,
    ...change,
  };
}

/** WAV, what the party says, until it is stopped. */
export function recordSpec(recordingId: string, file: string, change: Partial<RecordSpec> = {}): RecordSpec {
  return {
    recordingId,
    controlId: recordingId,
    path: file,
    format: 'wav',
    direction: 'speak',
    stereo: false,
    beep: false,
    terminators: '',
    inputSensitivity: 44,
    initialTimeoutMs: 0,
    endSilenceTimeoutMs: 0,
    maxLengthMs: 600_000,
    ...change,
  };
}

/** A configured session that is driven tick by tick, whose peer is what the socket is told. */
export function handSession(
  sessionId: string,
  clock: HandClock,
  socket: RtpSocket,
  change: Partial<MediaSessionOptions> = {},
): MediaSession {
  const session = new MediaSession({
    sessionId,
    bindAddress: '',
    idleMedia: 'none',
    socket,
    openSocket: () => Promise.reject(new Error('this test opens no further port')),
    clock,
    log: silentLogger,
    random: seededRandom(5),
    onEvent: () => {},
    ...change,
  });
  const media = negotiated({ telephoneEventPayloadType: undefined });
  session.handle({ type: 'configure', sessionId, media });
  return session;
}
