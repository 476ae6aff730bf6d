import type { ScriptVariables } from './context.ts';

/**
 * Steps of one method that may come to their end late: behind the next steps (`wait: false`), or behind another
 * document that took their place. From the beginning of a later one on, the outputs are those of that.
 */
export class LatestStep {
  readonly #steps = new WeakMap<ScriptVariables, object>();

  /** A step of the script with these variables begins. @returns whether none has begun since */
  begin(vars: ScriptVariables): () => boolean {
    const step = {};
    this.#steps.set(vars, step);
    return () => this.#steps.get(vars) === step;
  }
}
