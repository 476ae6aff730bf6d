import type { Evaluate } from '../swml/expand.ts';

/** JavaScript for one script. */
export interface ScriptExpressions {
  readonly evaluate: Evaluate;
  /** Gives its memory back; idempotent. */
  dispose(): void;
}

export type LoadExpressions = () => Promise<ScriptExpressions>;
