import type { CallbackEnvelope } from './events.ts';

/**
 * The envelope of a status callback (spec/callbacks.md 1).
 * @param event `nowMs`: when it happened, Unix ms; `channel`: `swml:` and the id of the script session
 */
export function buildEnvelope(event: {
  readonly type: string;
  readonly channel?: string | undefined;
  readonly nowMs: number;
  readonly projectId: string;
  readonly spaceId: string;
  readonly params: Readonly<Record<string, unknown>>;
}): CallbackEnvelope {
  return {
    event_type: event.type,
    ...(event.channel === undefined ? {} : { event_channel: event.channel }),
    timestamp: seconds(event.nowMs),
    project_id: event.projectId,
    space_id: event.spaceId,
    params: event.params,
  };
}

/** Milliseconds as the seconds of the language: a number with a fraction, to the microsecond. */
export function seconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000_000;
}
