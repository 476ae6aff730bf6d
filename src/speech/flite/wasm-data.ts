const HEADER_BYTES = 8;
const DATA_SECTION = 11;
const I32_CONST = 0x41;
const END = 0x0b;

/**
 * Where the writable part of a module's static data begins, as an address in its memory: compilers put the
 * constants into the first data segment and the variables into the last one.
 * Reads the binary format of WebAssembly, section 5.5.14 (data section).
 * @throws Error when there is no such section of active segments
 */
export function writableDataStart(bytes: Uint8Array): number {
  let at = HEADER_BYTES;
  /** Unsigned LEB128, 5.2.2; addresses are below 2^31, so signed and unsigned ones differ only in their sign bit. */
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new Error('not a valid WebAssembly module');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = number();
    if (id !== DATA_SECTION) {
      at += length;
      continue;
    }
    let start = 0;
    for (let segments = number(); segments > 0; segments--) {
      if (number() !== 0 || bytes[at++] !== I32_CONST) break;
      start = number();
      if (bytes[at++] !== END) break;
      at += number();
    }
    if (start > 0) return start;
    break;
  }
  throw new Error('the WebAssembly module has no static data where it was expected');
}
