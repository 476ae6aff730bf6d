/** What commands of the HTTP API do to what runs on a call (spec/rest.md 2.4). */
import type { CallState, PlayOperation, RecordOperation } from '../call/leg.ts';
import type { ReceivedCallback } from './callback-recorder.ts';

export const COMMAND_NAMES = [
  ...(['calling.record.pause', 'calling.record.resume', 'calling.record.stop'] as const),
  ...(['calling.play.pause', 'calling.play.resume', 'calling.play.stop', 'calling.play.volume'] as const),
] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

export interface CommandOptions {
  /** Of the recording or the sound; default: of the one that was told last by callback. */
  readonly controlId?: string | undefined;
  /** Of `calling.record.pause`: leaves the paused time out (default), or writes silence for it. */
  readonly behavior?: 'skip' | 'silence' | undefined;
  /** Of `calling.play.volume`, dB. */
  readonly volume?: number | undefined;
}

/** Where commands find what they are for. */
export interface OperatorSite {
  /** Of the call. */
  state(): CallState;
  recording(controlId: string): RecordOperation | undefined;
  playing(controlId: string): PlayOperation | undefined;
  callbacks(): readonly ReceivedCallback[];
}

/**
 * Does at once what the command does.
 * @returns why it cannot be done
 */
export function runCommand(
  site: OperatorSite,
  name: CommandName,
  options: CommandOptions,
): string | undefined {
  const state = site.state();
  if (state !== 'answered') return `${name} needs a call that was answered: this one is ${state}`;
  const isPlay = name.startsWith('calling.play.');
  const controlId = options.controlId ?? lastTold(site, isPlay ? 'calling.call.play' : 'calling.call.record');
  if (controlId === undefined) {
    return `${name} needs a control_id: no callback has told one, for there is no status_url, or nothing began yet`;
  }
  const operation = isPlay ? undefined : site.recording(controlId);
  const sound = isPlay ? site.playing(controlId) : undefined;
  if (operation === undefined && sound === undefined) {
    return `${name} finds nothing that ${isPlay ? 'plays' : 'is recorded'} under the control id "${controlId}"`;
  }
  switch (name) {
    case 'calling.record.pause':
      operation?.pause(options.behavior ?? 'skip');
      return undefined;
    case 'calling.record.resume':
      operation?.resume();
      return undefined;
    case 'calling.record.stop':
      operation?.stop('stop');
      return undefined;
    case 'calling.play.pause':
      sound?.pause();
      return undefined;
    case 'calling.play.resume':
      sound?.resume();
      return undefined;
    case 'calling.play.stop':
      sound?.stop();
      return undefined;
    case 'calling.play.volume':
      sound?.setVolume(options.volume ?? 0);
      return undefined;
  }
}

function lastTold(site: OperatorSite, eventType: string): string | undefined {
  const told = site.callbacks().findLast((callback) => callback.eventType === eventType);
  const { control_id: controlId } = told?.params ?? {};
  return typeof controlId === 'string' ? controlId : undefined;
}
