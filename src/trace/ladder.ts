import type { CallEvent } from './events.ts';

const WIDTH = 46;

/**
 * The SIP messages of a call as an exchange between two: the caller on the left, the server on the right.
 * @returns empty when there are none
 */
export function formatLadder(events: readonly CallEvent[]): string {
  const messages = events.filter(({ kind }) => kind === 'sip');
  if (messages.length === 0) return '';
  const head = `           caller${' '.repeat(WIDTH - 8)}openswml`;
  return [head, ...messages.map(rung)].join('\n');
}

function rung({ at, text, data }: CallEvent): string {
  const name = text.replace(/^[←→] /, '').slice(0, WIDTH - 6);
  const line = '─'.repeat(Math.max(1, WIDTH - name.length - 4));
  const arrow = data['direction'] === 'out' ? `◀${line} ${name} ` : ` ${name} ${line}▶`;
  return `${at.toFixed(2).padStart(7)} s    │${arrow}│`;
}
