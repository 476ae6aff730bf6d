/** What a scripted phone does in a call, and how it is written on the command line. */
import { InvalidArgumentError } from 'commander';

/** Keys to press, and when. */
export interface Press {
  /** Any of `0-9A-D*#`. */
  readonly digits: string;
  /** From the answer on, ms. */
  readonly atMs: number;
}

export interface PhonePlan {
  /** Said once, from `speakAtMs` after the answer on. */
  readonly speech: { readonly kind: 'text' | 'file'; readonly value: string } | undefined;
  readonly speakAtMs: number;
  /** In order of time. */
  readonly presses: readonly Press[];
  /** Hang up this long after the answer; undefined: wait until the other side does. */
  readonly hangupAtMs: number | undefined;
}

const MAX_SECONDS = 86_400;
const PRESS = /^(?<digits>[0-9A-D*#]+)@(?<seconds>\d+(?:\.\d+)?)$/i;

/**
 * Reads `5@3,#@8`: press 5 three seconds after the answer, # after eight. Several keys at one time, as in `1234#@2`, are
 * pressed one behind the other.
 * @throws InvalidArgumentError showing how it is written
 */
export function parsePresses(text: string): readonly Press[] {
  const presses = text.split(',').map((part) => {
    const groups = PRESS.exec(part.trim())?.groups;
    const seconds = Number(groups?.['seconds']);
    if (groups === undefined || seconds > MAX_SECONDS) {
      throw new InvalidArgumentError(`'${part}' is no KEYS@SECONDS; write for example 5@3 or 1234#@2.5`);
    }
    return { digits: groups['digits']!.toUpperCase(), atMs: seconds * 1000 };
  });
  return presses.sort((one, other) => one.atMs - other.atMs);
}
