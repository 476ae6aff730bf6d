import type { z } from 'zod';

/** One setting. */
export interface ConfigKey<Value> {
  /** From the value as written (YAML, or text turned into `kind`) to the value as used. */
  readonly schema: z.ZodType<Value>;
  /** What a text from the environment or the command line is turned into; lists are split at commas. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list';
  /** As written; undefined: not set. */
  readonly default: unknown;
  /** A sentence for the help text. */
  readonly description: string;
  /** Never shown, and not taken from the command line, where other users could read it. */
  readonly secret?: boolean;
  /** A path, or a list of them: relative to the folder of the file that it stands in, else to the working directory. */
  readonly path?: boolean;
}

/** A key without a default: it may be missing. */
type Missing = { readonly default: undefined };

export function key<Value>(options: ConfigKey<Value> & Missing): ConfigKey<Value | undefined>;
export function key<Value>(options: ConfigKey<Value>): ConfigKey<Value>;
export function key<Value>(options: ConfigKey<Value>): ConfigKey<Value> {
  return options;
}
