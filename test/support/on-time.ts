/** Tests in which somebody speaks in real time, on machines that now and then stand still. */
import type { TestContext } from 'node:test';

import { absoluteMs } from './absolute-time.ts';
import { worstLatenessMs } from './rtp-talker-thread.ts';

/** Who takes up speech live (keys in the audio, voice detection, bridges) waits 40 to 60 ms for what is late. */
const STILL_ON_TIME_MS = 60;
const ATTEMPTS = 4;

/**
 * Runs a test again when it has failed and a talker of this process was late by more than a server need take: it
 * proves nothing about the server then. A failure of which the talkers are innocent stays one.
 * @param body given a suffix for the user part of addresses, by which calls of different attempts can be told apart
 */
export function onTime(
  body: (context: TestContext, suffix: string) => Promise<void>,
  latenessMs: (since: number) => Promise<number> = worstLatenessMs,
): (context: TestContext) => Promise<void> {
  return async (context) => {
    for (let attempt = 1; ; attempt++) {
      const since = absoluteMs();
      try {
        return await body(context, attempt === 1 ? '' : `~${attempt}`);
      } catch (error) {
        const late = await latenessMs(since);
        if (attempt === ATTEMPTS || late <= STILL_ON_TIME_MS) throw error;
        context.diagnostic(`once more, since a packet of the speaker left ${Math.round(late)} ms too late`);
      }
    }
  };
}
