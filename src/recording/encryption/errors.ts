/** Why an encrypted recording cannot be read; stable, for programs. */
export type EncryptionErrorCode =
  /** The bytes are not those of an encrypted recording. */
  | 'not_encrypted'
  /** Written by a newer OpenSWML. */
  | 'newer_version'
  /** Encrypted with a key that is not at hand. */
  | 'unknown_key'
  /** Changed, cut off or mixed up since it was written. */
  | 'damaged'
  /** Whole and authentic, but another recording than the one asked for. */
  | 'wrong_recording';

/** An encrypted recording cannot be read. The message says what is wrong and what cures it; it holds no key. */
export class EncryptionError extends Error {
  readonly code: EncryptionErrorCode;

  constructor(code: EncryptionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EncryptionError';
    this.code = code;
  }
}
