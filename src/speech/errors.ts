/** Why an utterance could not be spoken; stable, for programs. */
export type SpeechErrorCode =
  /** The text is over the limit. */
  | 'too_long'
  /** Nothing in the text can be spoken by this voice. */
  | 'unspeakable'
  /** The engine failed or crashed on this text. */
  | 'engine_failed'
  /** The engine did not deliver in time. */
  | 'timeout'
  /** More utterances wait than the engine will catch up with. */
  | 'overloaded'
  /** The provider over the network refused, or cannot be reached. */
  | 'provider_failed'
  | 'closed';

/** An utterance that could not be spoken. The message says what, why and what helps. */
export class SpeechError extends Error {
  readonly code: SpeechErrorCode;

  constructor(code: SpeechErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SpeechError';
    this.code = code;
  }
}
