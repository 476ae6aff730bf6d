/**
 * What a command of `POST /api/calling/calls` is (spec/rest.md 2). One file per command, each a call of
 * {@link defineCommand}; the registry of these files drives validation, dispatch and docs.
 */
import type { DocumentLoader } from '../../engine/document-source.ts';
import type { Logger } from '../../log/logger.ts';
import type { JsonObject } from '../../swml/json.ts';
import type { Path } from '../../swml/position.ts';
import type { Infer, Schema } from '../../swml/schema.ts';
import type { Clock } from '../../time/clock.ts';
import type { LiveCall } from '../live-calls.ts';

export interface CommandDefinition<P = unknown> {
  readonly name: string;
  /** What it does, one sentence. */
  readonly summary: string;
  readonly params: Schema<P>;
  /** Brings what clients send beside the published form into that form. */
  readonly tolerate?: (params: JsonObject) => Tolerated;
  /** Where the id of the call stands in the body. */
  readonly callId: 'id' | 'params.id';
  /** The call must have been answered, and not be ending. */
  readonly needsAnswer: boolean;
  /** Code of the refusal for a call that is over; without it such a call is not found (spec/rest.md 2.4). */
  readonly whenOver?: string;
  /** JSON of `params`. */
  readonly examples: readonly string[];
  /**
   * @returns what the reply has beside the call object
   * @throws HttpProblem
   */
  readonly run: (context: CommandContext, params: P) => CommandReply | Promise<CommandReply>;
}

export interface Tolerated {
  readonly params: JsonObject;
  /** Where the client wrote what now stands at `path`. */
  readonly asSent: (path: Path) => Path;
}

export interface CommandContext {
  readonly call: LiveCall;
  readonly loader: DocumentLoader;
  readonly clock: Clock;
  readonly log: Logger;
  /** Fresh UUIDs. */
  newId(): string;
}

export type CommandReply = Readonly<Record<string, unknown>>;

/** A command whatever its parameters are. */
export type AnyCommand = Omit<CommandDefinition, 'params' | 'run'> & {
  readonly params: Schema;
  readonly run: (context: CommandContext, params: never) => CommandReply | Promise<CommandReply>;
};

/** A command; its parts are checked against each other by their types. */
export function defineCommand<const S extends Schema>(
  definition: Omit<CommandDefinition<Infer<S>>, 'params'> & { readonly params: S },
): CommandDefinition<Infer<S>> {
  return definition as CommandDefinition<Infer<S>>;
}
