import { StorageError } from '../errors.ts';

/** What is known of an answer that is no success. */
export interface S3Failure {
  /** What was to be done, e.g. `recordings/a.wav: the upload`. */
  readonly what: string;
  /** Of the store, for messages. */
  readonly place: string;
  readonly status: number;
  /** The store's own code, such as `NoSuchBucket`; empty when it sent none. */
  readonly code: string;
}

const SETTINGS = 'storage.s3';
/** Refusals that last until somebody changes something, with what that is. */
const CURES: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: `the access key is not known there: check ${SETTINGS}.access_key_id`,
  SignatureDoesNotMatch: `the secret key is not the right one: check ${SETTINGS}.secret_access_key`,
  AccessDenied: 'the access key may not do this: give it GetObject, PutObject and DeleteObject on the bucket',
  NoSuchBucket: `there is no such bucket: make it, or check ${SETTINGS}.bucket`,
  RequestTimeTooSkewed: 'the clocks differ by too much: set the clock of this machine',
  AuthorizationHeaderMalformed: `the region is not the right one: check ${SETTINGS}.region`,
  PermanentRedirect: `the bucket is elsewhere: check ${SETTINGS}.endpoint and ${SETTINGS}.region`,
  TemporaryRedirect: `the bucket is elsewhere: check ${SETTINGS}.endpoint and ${SETTINGS}.region`,
  BadDigest: 'what arrived is not what was sent',
  XAmzContentSHA256Mismatch: 'what arrived is not what was sent',
};

/** The error of an answer: `not_found`, `refused` (somebody must act) or `unreachable` (it may pass). */
export function s3Failure({ what, place, status, code }: S3Failure): StorageError {
  const said = `${place} answered ${status}${code === '' ? '' : ` ${code}`}`;
  if (status === 404 && code !== 'NoSuchBucket') {
    return new StorageError('not_found', `${what}: there is no such object (${said})`);
  }
  const cure = CURES[code];
  if (cure !== undefined) return new StorageError('refused', `${what}: ${cure} (${said})`);
  // What AWS answers to HEAD, which has no document that says why, where the bucket is in another region.
  if (status === 400 && code === '') {
    const settings = `${SETTINGS}.region and ${SETTINGS}.endpoint`;
    return new StorageError('refused', `${what}: it is not understood: check ${settings} (${said})`);
  }
  if (status === 401 || status === 403) {
    return new StorageError('refused', `${what}: it is not allowed: check the keys of ${SETTINGS} (${said})`);
  }
  if (status >= 300 && status < 400) {
    return new StorageError('refused', `${what}: ${CURES['PermanentRedirect']} (${said})`);
  }
  return new StorageError('unreachable', `${what}: the object store does not do it now (${said})`);
}

/** The error of a request that got no answer, or only part of one. */
export function s3Unreachable(what: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageError('unreachable', `${what}: the object store cannot be reached (${reason})`, {
    cause,
  });
}
