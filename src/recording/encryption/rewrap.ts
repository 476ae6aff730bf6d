import { type FileSystem, writeFully } from '../file-system.ts';
import { unwrapFileKey, wrapFileKey } from './file-key.ts';
import { type KeySlot, placedSlot } from './format.ts';
import type { KeyRing } from './keys.ts';
import { readHeader } from './read-header.ts';

/**
 * Moves a file to the current key: the file's own key is wrapped anew, the recording in it stays as it is. The new
 * slot is on the disk before the old one is erased, so a crash leaves a file that opens with one of the two
 * keys, and doing it again finishes it.
 * @returns whether anything had to be done
 * @throws EncryptionError; TypeError without a current key
 */
export async function rewrapFile(
  file: string,
  keys: KeyRing,
  files: Pick<FileSystem, 'open' | 'read' | 'write' | 'sync' | 'close'>,
): Promise<boolean> {
  const { current } = keys;
  if (current === undefined) throw new TypeError('there is no key to move recordings to');
  const fd = await files.open(file);
  try {
    const header = await readHeader(fd, file, files);
    const { fileKey, slot } = unwrapFileKey(header, keys, file);
    const isCurrent = slot.keyId === current.id;
    if (isCurrent && header.slots.length === 1) return false;
    const other = slot.place === 0 ? 1 : 0;
    if (!isCurrent) await put(other, wrapFileKey(fileKey, current, header.bound));
    await put(isCurrent ? other : slot.place, undefined);
    return true;
  } finally {
    await files.close(fd);
  }

  async function put(place: 0 | 1, slot: KeySlot | undefined): Promise<void> {
    const { position, bytes } = placedSlot(place, slot);
    await writeFully(fd, bytes, position, files);
    await files.sync(fd);
  }
}
