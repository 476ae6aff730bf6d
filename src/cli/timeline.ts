import { styleText } from 'node:util';

import type { Clock } from '../time/clock.ts';
import type { Terminal } from './terminal.ts';

type Style = Parameters<typeof styleText>[0];

/** Width of the column that says who acts. */
const WHO_WIDTH = 10;
const STYLES: Readonly<Record<string, Style>> = {
  phone: 'cyan',
  sip: 'gray',
  call: 'green',
  step: 'blue',
  play: 'blue',
  recording: 'magenta',
  digit: 'yellow',
  callback: 'green',
  warning: 'red',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A live story of a call, one line for each thing that happens: `  4.21 s  phone     presses #`. */
export class Timeline {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** @param text one line; what the other side sent cannot move the cursor */
  tell(who: string, text: string): void {
    const seconds = ((this.#clock.monotonic() - this.#startedAt) / 1000).toFixed(2).padStart(6);
    const line = text.replace(CONTROL, ' ');
    this.#terminal.out(
      `${this.#paint('gray', `${seconds} s`)}  ${this.#paint(STYLES[who] ?? 'white', who.padEnd(WHO_WIDTH))}${line}\n`,
    );
  }

  #paint(style: Style, text: string): string {
    return this.#terminal.colors ? styleText(style, text, { validateStream: false }) : text;
  }
}
