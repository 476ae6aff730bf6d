/** One thing that is wrong. */
export interface ConfigProblem {
  /** `FILE:LINE:COLUMN`, or the name of a variable or a flag. */
  readonly where: string;
  readonly message: string;
}

/** The settings cannot be used. The message has one line for each problem: where, what, and what is expected. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ where, message }) => `${where}: ${message}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
