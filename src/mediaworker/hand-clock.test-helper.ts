/** What a session needs that is driven by hand, tick by tick, for tests and measurements. */
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';

/** A clock that shows what it is set to, and calls nobody. */
export class HandClock implements Clock {
  nowMs = 0;

  now(): number {
    return this.nowMs;
  }

  monotonic(): number {
    return this.nowMs;
  }

  after(): { cancel(): void } {
    return { cancel() {} };
  }

  every(): { cancel(): void } {
    return { cancel() {} };
  }

  holdWhile<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

/** A socket without a network. @param send sees what goes out */
export function handSocket(send: RtpSocket['send'] = () => {}): RtpSocket {
  return { rtpPort: 4000, onPacket() {}, onRtcp() {}, send, sendRtcp() {}, close() {} };
}
