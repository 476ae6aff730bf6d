import type { EndReason, HangupCause } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/**
 * A party that is told of the end has so long to say that it knows, ms: a few repeats of a BYE. One that says nothing is
 * told on (RFC 3261 17.1.2.2), but nothing waits for it, neither the next step nor the end of the server.
 */
export const SIGNALLED_WITHIN_MS = 2000;

/** The signalling half of a leg: SIP, WebRTC or virtual. */
export interface Signalling {
  /**
   * Opens the media session, if it is not open yet, and answers.
   * @throws CallError
   */
  answer(codecs: readonly string[] | undefined): Promise<MediaClient>;
  /** Opens the media session for sound before the answer (183). @throws CallError */
  earlyMedia(): Promise<MediaClient>;
  /** Our address, as the party sees it. */
  readonly localAddress: string;
  /** Ends or refuses the call, as its state requires. @param cause for the party; left out: the reason */
  end(reason: EndReason, cause?: HangupCause): Promise<void>;
}
