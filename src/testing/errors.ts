import { formatTimeline } from '../trace/events.ts';
import type { CallEvent } from '../trace/events.ts';

/** Lines of the timeline that a message shows. */
const SHOWN = 40;

/** Something did not happen on a virtual call. The message ends with the timeline of the call. */
export class VirtualCallError extends Error {
  /** The first line: what is wrong. */
  readonly summary: string;
  readonly timeline: readonly CallEvent[];

  constructor(summary: string, timeline: readonly CallEvent[], options?: ErrorOptions) {
    const shown = timeline.slice(-SHOWN);
    const left = timeline.length - shown.length;
    const head = left > 0 ? `  … ${left} earlier\n` : '';
    super(`${summary}\n\nThe call so far:\n${head}${formatTimeline(shown)}`, options);
    this.name = 'VirtualCallError';
    this.summary = summary;
    this.timeline = timeline;
  }
}
