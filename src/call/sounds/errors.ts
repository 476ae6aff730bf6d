/** What is wrong with a sound; stable, for programs. */
export type SoundErrorCode =
  /** The text names no playable sound. */
  | 'invalid_sound'
  /** The file could not be fetched or read. */
  | 'fetch_failed'
  /** The file is of a kind that cannot be played. */
  | 'unsupported_format'
  /** The file is of a playable kind, but damaged. */
  | 'damaged'
  /** Over the limit in bytes or in time. */
  | 'too_large';

/** A sound that cannot be played. The message names the sound without credentials, the cause and the cure. */
export class SoundError extends Error {
  readonly code: SoundErrorCode;

  constructor(code: SoundErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SoundError';
    this.code = code;
  }
}
