import { type CallEvent, CONTROL } from './events.ts';

const WIDTH = 46;
/** With calls that were made, whose side stands on the right. */
const NARROW = 34;

/**
 * The SIP messages of a call as an exchange: the caller on the left, the server beside it, and on the right whoever
 * was called, each by its number.
 * @returns empty when there are none
 */
export function formatLadder(events: readonly CallEvent[]): string {
  const messages = events.filter(({ kind }) => kind === 'sip');
  if (messages.length === 0) return '';
  const isWide = messages.some(({ leg }) => leg !== undefined);
  const width = isWide ? NARROW : WIDTH;
  const head = `           caller${' '.repeat(width - 8)}openswml${isWide ? `${' '.repeat(width - 6)}called` : ''}`;
  return [head, ...messages.map((event) => rung(event, width, isWide))].join('\n');
}

function rung({ at, text, leg, data }: CallEvent, width: number, isWide: boolean): string {
  const told = text.replace(/^[←→] /, '').replace(CONTROL, ' ');
  const name = told + (leg === undefined ? '' : ` [${leg}]`);
  const time = `${at.toFixed(2).padStart(7)} s    `;
  // Towards the called side, what we send goes to the right.
  const isRight = (data['direction'] === 'in') === (leg === undefined);
  const arrow = arrowOf(name, width, isRight);
  const empty = ' '.repeat(width);
  if (!isWide) return `${time}│${arrow}│`;
  return leg === undefined ? `${time}│${arrow}│${empty}│` : `${time}│${empty}│${arrow}│`;
}

function arrowOf(text: string, width: number, isRight: boolean): string {
  const name = text.slice(0, width - 6);
  const line = '─'.repeat(Math.max(1, width - name.length - 4));
  return isRight ? ` ${name} ${line}▶` : `◀${line} ${name} `;
}
