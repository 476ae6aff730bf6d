import { type FileSystem, readFully } from '../file-system.ts';
import { type Header, HEADER_BYTES, parseHeader } from './format.ts';

/** The header of an open file. @throws EncryptionError `not_encrypted`, `newer_version`, `damaged` */
export async function readHeader(fd: number, name: string, files: Pick<FileSystem, 'read'>): Promise<Header> {
  const bytes = new Uint8Array(HEADER_BYTES);
  return parseHeader(bytes.subarray(0, await readFully(fd, bytes, 0, files)), name);
}
