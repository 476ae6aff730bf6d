import type { Logger } from '../log/logger.ts';
import type { MediaStatistics } from '../mediaworker/protocol.ts';
import { isHoldAddress } from '../sip/sdp/offer-answer.ts';
import type { MediaClient } from './media-client.ts';

/** Of a shorter call it says nothing that no packet came: some parties open their audio late, ms. */
const JUDGED_AFTER_MS = 5_000;

/**
 * Tells of a call that is over if nothing at all came from a party that was to send: its packets went astray, by a
 * firewall or a wrong address. All else is right with such a call, so that nothing but this says why nobody was heard.
 * @param answeredMs for how long the call was answered, ms
 * @param address of ours, which the party was told
 */
export function warnOfSilence(
  log: Logger,
  { codec, packetsReceived }: MediaStatistics,
  answeredMs: number,
  { agreed, rtpPort }: Pick<MediaClient, 'agreed' | 'rtpPort'>,
  address: () => string,
): void {
  // Without a codec nothing is known of the session: it failed, or its thread did.
  if (codec === undefined || packetsReceived > 0 || answeredMs < JUDGED_AFTER_MS) return;
  // On hold, nothing was to come.
  const isExpected = agreed?.direction === 'sendrecv' || agreed?.direction === 'recvonly';
  if (!isExpected || agreed.remotePort === 0 || isHoldAddress(agreed.remoteAddress)) return;
  // Others may have come, which are not counted: keys alone, keepalives, or a codec that was not agreed on.
  log.warn(
    { address: address(), rtp_port: rtpPort },
    'no audio came from the party: no packet in a codec of the call reached this address (docs/operations.md#no-sound)',
  );
}
