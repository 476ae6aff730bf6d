import { wantsColors } from '../log/line-logger.ts';

/** Where a command writes. Tests pass one that remembers. */
export interface Terminal {
  /** Results, standard output. */
  out(text: string): void;
  /** Complaints, standard error. */
  err(text: string): void;
  /** Whether standard output takes ANSI colours. */
  readonly colors: boolean;
  /** Columns of standard output; undefined when it is no terminal. */
  readonly columns: number | undefined;
}

export const processTerminal: Terminal = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  colors: wantsColors(1),
  columns: process.stdout.columns,
};
