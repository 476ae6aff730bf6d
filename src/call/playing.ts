import {
  CallError,
  type PlayableSound,
  type PlayOperation,
  type PlayOptions,
  type PlayResult,
} from './leg.ts';
import type { Playback } from './playback.ts';

/**
 * Plays sounds as often as is asked for, from when the call has media on.
 * @param open resolves with the playback once there are media
 */
export function startPlaying(
  open: () => Promise<Playback | undefined>,
  signal: AbortSignal,
  sounds: readonly PlayableSound[],
  options: PlayOptions,
): PlayOperation {
  const { loop = 1, onState } = options;
  let volumeDb = options.volumeDb ?? 0;
  let paused = false;
  let over = false;
  let pass: PlayOperation | undefined;

  const run = async (): Promise<PlayResult> => {
    let playedMs = 0;
    try {
      const playback = await open();
      for (let passes = 0; !over && playback !== undefined; ) {
        pass = playback.play(sounds, volumeDb);
        if (paused) pass.pause();
        const result = await pass.done;
        playedMs += result.playedMs;
        passes++;
        // Sounds of no length would go round without time passing.
        if (result.state !== 'finished' || passes === loop || result.playedMs === 0)
          return { ...result, playedMs };
      }
      return { state: 'stopped', playedMs };
    } catch (cause) {
      // That the call ended is no failure of the sounds. That nobody can hear them is one (no codec in common), though
      // the call is over by that, too.
      const isOver = cause instanceof CallError ? cause.code === 'call_over' : signal.aborted;
      if (isOver) return { state: 'stopped', playedMs };
      return { state: 'error', playedMs, error: cause instanceof Error ? cause.message : String(cause) };
    } finally {
      over = true;
    }
  };
  const setPaused = (wanted: boolean): void => {
    if (over || paused === wanted) return;
    paused = wanted;
    if (wanted) pass?.pause();
    else pass?.resume();
    onState?.(wanted ? 'paused' : 'playing');
  };
  return {
    done: run(),
    stop: () => {
      over = true;
      pass?.stop();
    },
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    setVolume: (wantedDb) => {
      volumeDb = wantedDb;
      pass?.setVolume(wantedDb);
    },
  };
}
