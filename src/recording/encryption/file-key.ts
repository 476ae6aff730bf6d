import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { EncryptionError } from './errors.ts';
import { boundHeader, encodeHeader, type Header, type KeySlot, NONCE_BYTES } from './format.ts';
import { KEY_BYTES, type KeyRing, type RecordingKey } from './keys.ts';

const CIPHER = 'aes-256-gcm';

/** A fresh key for one file. */
export function newFileKey(): KeyObject {
  return createSecretKey(randomBytes(KEY_BYTES));
}

/** Encrypts the key of a file with the operator's, bound to the recording that it is for. */
export function wrapFileKey(fileKey: KeyObject, key: RecordingKey, bound: Uint8Array): KeySlot {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.wrapping, nonce);
  cipher.setAAD(bound);
  const wrapped = Buffer.concat([cipher.update(fileKey.export()), cipher.final()]);
  return { keyId: key.id, nonce, wrapped, tag: cipher.getAuthTag() };
}

/** The header of a new file. @throws TypeError when `recordingId` is no UUID */
export function newHeader(fileKey: KeyObject, key: RecordingKey, recordingId: string): Uint8Array {
  const bound = boundHeader(recordingId);
  return encodeHeader(bound, wrapFileKey(fileKey, key, bound));
}

/**
 * The key of a file, from whichever of its slots a key is at hand for; the current one goes first.
 * @param name of the file, for messages
 * @throws EncryptionError `unknown_key`, `damaged`
 */
export function unwrapFileKey(
  header: Header,
  keys: KeyRing,
  name: string,
): { readonly fileKey: KeyObject; readonly slot: Header['slots'][number] } {
  let known = false;
  const isCurrent = ({ keyId }: KeySlot): boolean => keyId === keys.current?.id;
  for (const slot of header.slots.toSorted((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)))) {
    const key = keys.find(slot.keyId);
    if (key === undefined) continue;
    known = true;
    const fileKey = unwrap(slot, key, header.bound);
    if (fileKey !== undefined) return { fileKey, slot };
  }
  if (known || header.slots.length === 0) {
    throw new EncryptionError('damaged', `${name}: its header was changed since it was written`);
  }
  const wanted = header.slots.map(({ keyId }) => keyId).join(' or ');
  throw new EncryptionError(
    'unknown_key',
    `${name} is encrypted with the key ${wanted}, which is not at hand` +
      (keys.size === 0
        ? ' (no key is set): set recording.encryption.key_file'
        : ': name its file in recording.encryption.previous_key_files'),
  );
}

function unwrap(slot: KeySlot, key: RecordingKey, bound: Uint8Array): KeyObject | undefined {
  const decipher = createDecipheriv(CIPHER, key.wrapping, slot.nonce);
  decipher.setAAD(bound);
  decipher.setAuthTag(slot.tag);
  try {
    return createSecretKey(Buffer.concat([decipher.update(slot.wrapped), decipher.final()]));
  } catch {
    return undefined;
  }
}
