/** All commands of the REST API. Everything that must know them goes through here. */
import { disconnect } from './disconnect.ts';
import { collect } from './collect.ts';
import { collectStartInputTimers } from './collect-start-input-timers.ts';
import { collectStop } from './collect-stop.ts';
import { denoise } from './denoise.ts';
import { denoiseStop } from './denoise-stop.ts';
import { end } from './end.ts';
import type { AnyCommand } from './command.ts';
import { playPause } from './play-pause.ts';
import { playResume } from './play-resume.ts';
import { playStop } from './play-stop.ts';
import { playVolume } from './play-volume.ts';
import { play } from './play.ts';
import { recordPause } from './record-pause.ts';
import { recordResume } from './record-resume.ts';
import { recordStop } from './record-stop.ts';
import { record } from './record.ts';
import { stream } from './stream.ts';
import { streamStop } from './stream-stop.ts';
import { tap } from './tap.ts';
import { tapStop } from './tap-stop.ts';
import { transfer } from './transfer.ts';
import { update } from './update.ts';

export const COMMANDS: ReadonlyMap<string, AnyCommand> = new Map(
  [
    play,
    playPause,
    playResume,
    playStop,
    playVolume,
    record,
    recordPause,
    recordResume,
    recordStop,
    collect,
    collectStop,
    collectStartInputTimers,
    tap,
    tapStop,
    stream,
    streamStop,
    denoise,
    denoiseStop,
    transfer,
    update,
    disconnect,
    end,
  ].map((command) => [command.name, command]),
);

/** Commands of the API that this version cannot run (spec/rest.md 2.4). */
export const UNSUPPORTED: ReadonlySet<string> = new Set([
  'dial',
  ...[
    'detect',
    'detect.stop',
    'transcribe',
    'transcribe.stop',
    'refer',
    'user_event',
    'live_transcribe',
    'live_translate',
    'send_fax.stop',
    'receive_fax.stop',
    'ai_hold',
    'ai_unhold',
    'ai_message',
    'ai.stop',
    'ai_sidecar',
    'ai_sidecar.poke',
    'ai_sidecar.ask',
    'ai_sidecar.stop',
    'ai_sidecar.status',
  ].map((name) => `calling.${name}`),
]);
