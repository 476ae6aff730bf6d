import { readExpression } from '../partial.ts';
import type { NetworkConditions } from '../../rtp/memory-network.ts';
import type { Path } from '../../swml/position.ts';
import type { VirtualCaller } from '../caller.ts';
import type { VirtualCall } from '../virtual-call.ts';
import type { CallerAction } from './format-caller.ts';
import type { TestSpec } from './format.ts';

/** An action of the caller that could not be done. */
export class ActionError extends Error {
  /** Where it stands, from the test on. */
  readonly path: Path;

  constructor(path: Path, cause: unknown) {
    super(summaryOf(cause), { cause });
    this.name = 'ActionError';
    this.path = path;
  }
}

/**
 * Does one action behind the other; of the caller, or of somebody who was called.
 * @throws ActionError
 */
export async function runCaller(
  call: VirtualCall,
  actions: readonly CallerAction[],
  path: Path = ['caller'],
  caller: VirtualCaller = call.caller,
): Promise<void> {
  for (const [index, action] of actions.entries()) {
    const place = [...path, index];
    try {
      await act(call, action, place, caller);
    } catch (cause) {
      throw cause instanceof ActionError ? cause : new ActionError(place, cause);
    }
  }
}

async function act(
  call: VirtualCall,
  action: CallerAction,
  path: Path,
  caller: VirtualCaller,
): Promise<void> {
  if (action === 'hangs_up') return caller.hangsUp();
  if (action.hears !== undefined) return hear(caller, action.hears);
  if (action.says !== undefined) {
    if (typeof action.says === 'string') return caller.says(action.says);
    const { text, ...how } = action.says;
    return caller.says(text, how);
  }
  if (action.plays !== undefined) return caller.plays(action.plays);
  if (action.waits !== undefined) return caller.waits(action.waits);
  if (action.makes_noise !== undefined) {
    return caller.makesNoise(action.makes_noise.level, action.makes_noise.seconds);
  }
  if (action.makes !== undefined) return caller.makes(action.makes);
  if (action.presses !== undefined) {
    if (typeof action.presses === 'string') return caller.presses(action.presses);
    const { keys, by } = action.presses;
    return caller.presses(keys, { by });
  }
  if (action.line_noise !== undefined) return caller.lineNoise(action.line_noise);
  if (action.network !== undefined) return caller.hasNetwork(conditionsOf(action.network));
  if (action.web !== undefined) {
    for (const [pattern, stub] of Object.entries(action.web)) call.web.answers(pattern, stub);
    return;
  }
  if (action.command !== undefined) {
    const { name, control_id: controlId, behavior, volume } = action.command;
    call.command(name, { controlId, behavior, volume });
    return;
  }
  if (action.receives !== undefined) {
    await call.callbacks.receives(action.receives);
    return;
  }
  if (action.together !== undefined) {
    const lists = action.together.entries();
    await Promise.all(
      [...lists].map(([index, list]) => runCaller(call, list, [...path, 'together', index], caller)),
    );
    return;
  }
  return caller.hangsUp();
}

async function hear(
  caller: VirtualCaller,
  hears: NonNullable<Exclude<CallerAction, string>['hears']>,
): Promise<void> {
  if (typeof hears === 'string') {
    await caller.hears(wordsOf(hears));
    return;
  }
  const { within, lasting } = hears;
  if (hears.words !== undefined) await caller.hears(wordsOf(hears.words), { within });
  else if (hears.tone !== undefined) await caller.hearsTone(hears.tone, { within, lasting });
  else if (hears.silence !== undefined) await caller.hearsSilence(hears.silence, { within });
  else if (hears.file !== undefined) await caller.hearsFile(wordsOf(hears.file), { within });
  else await caller.hearsBeep({ within });
}

function wordsOf(text: string): string | RegExp {
  return readExpression(text) ?? text;
}

/** The conditions of a network in the terms of the file. */
export function conditionsOf(network: NonNullable<TestSpec['network']>): Partial<NetworkConditions> {
  const { loss_percent: loss, delay_ms: delayMs, jitter_ms: jitterMs, duplication_percent: twice } = network;
  return {
    ...(loss !== undefined && { loss: loss / 100 }),
    ...(delayMs !== undefined && { delayMs }),
    ...(jitterMs !== undefined && { jitterMs }),
    ...(twice !== undefined && { duplication: twice / 100 }),
  };
}

function summaryOf(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'summary' in cause) return String(cause.summary);
  return cause instanceof Error ? cause.message : String(cause);
}
