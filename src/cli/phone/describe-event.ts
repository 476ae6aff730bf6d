import { redactUris } from '../../log/redact.ts';
import type { SipCallEnd } from '../../sip/api.ts';
import type { PhoneCall, PhoneEvent } from './phone.ts';

/** What the phone does or hears, in words. */
export function describeEvent(event: PhoneEvent): string {
  switch (event.kind) {
    case 'calling':
      return `calls ${redactUris(event.to)}`;
    case 'progress':
      return event.status === 180 ? 'hears it ringing (180)' : `is told to wait (${event.status})`;
    case 'answered':
      return `is answered: ${event.codec}${event.events ? ', keys by RFC 4733' : ', no RFC 4733 keys'}`;
    case 'sessionChanged':
      return `follows a changed session: ${event.direction}`;
    case 'speaking':
      return 'begins to speak';
    case 'spoken':
      return `has spoken for ${seconds(event.ms)}`;
    case 'soundFailed':
      return `cannot speak: ${event.reason}`;
    case 'pressed':
      return `presses ${event.digits} (${event.by})`;
    case 'digitHeard':
      return `hears the key ${event.digit}`;
    case 'ended':
      return describeEnd(event.end);
    case 'saved':
      return event.outcome.state === 'error'
        ? `could not save what it heard: ${event.outcome.error}`
        : `saved what it heard: ${event.path}, ${seconds(event.outcome.durationMs)}`;
  }
}

/** Who ended the call, and how. */
export function describeEnd({ by, how, status, reason }: SipCallEnd): string {
  // A Reason header (RFC 3326) carries its words in `text`.
  const text = /;\s*text="([^"]*)"/.exec(reason ?? '')?.[1] ?? reason;
  const words = text === undefined ? '' : ` (${text})`;
  switch (how) {
    case 'bye':
      return by === 'local' ? 'hangs up' : `is hung up on${words}`;
    case 'cancel':
      return 'gives up before the answer';
    case 'failed':
      return `is refused: ${status}${words}`;
    case 'timeout':
      return `gets no answer${words}`;
    case 'transport':
      return `cannot reach the other side${words}`;
  }
}

/** The packets of the call in one line. */
export function describeReception({ statistics }: PhoneCall): string {
  const { packetsSent, packetsReceived, packetsLost, packetsLate, jitterMs } = statistics;
  const trouble = `${packetsLost} lost, ${packetsLate} late, jitter ${jitterMs.toFixed(1)} ms`;
  return `sent ${packetsSent} packets, received ${packetsReceived} (${trouble})`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
