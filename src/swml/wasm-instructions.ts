import { WasmError, type WasmReader } from './wasm-bytes.ts';

/** Steps over one instruction; gives the number behind the prefix 0xFC. */
export function skipInstruction(reader: WasmReader): number {
  const opcode = reader.byte();
  switch (opcode) {
    case 0x02: // block, loop, if
    case 0x03:
    case 0x04:
    case 0x41: // i32.const, i64.const
    case 0x42:
    case 0x0c: // br, br_if
    case 0x0d:
    case 0x10: // call
    case 0xd0: // ref.null, ref.func
    case 0xd2:
    case 0x3f: // memory.size, memory.grow
    case 0x40:
      reader.leb();
      return -1;
    case 0x0e: // br_table
      for (let count = reader.u32(); count >= 0; count--) reader.leb();
      return -1;
    case 0x11: // call_indirect
      reader.leb();
      reader.leb();
      return -1;
    case 0x1c: // select with types
      reader.raw(reader.u32());
      return -1;
    case 0x43: // f32.const
      reader.raw(4);
      return -1;
    case 0x44: // f64.const
      reader.raw(8);
      return -1;
    case 0xfc:
      return skipPrefixed(reader);
    default:
      if (opcode >= 0x20 && opcode <= 0x26) reader.leb();
      else if (opcode >= 0x28 && opcode <= 0x3e) {
        reader.leb();
        reader.leb();
      } else if (!isPlain(opcode)) throw new WasmError(`unknown instruction 0x${opcode.toString(16)}`);
      return -1;
  }
}

/** Conversions that saturate (0–7), then operations on memory and tables (8–17). */
function skipPrefixed(reader: WasmReader): number {
  const sub = reader.u32();
  if (sub > 17) throw new WasmError(`unknown instruction 0xfc ${sub}`);
  const operands = sub < 8 ? 0 : [8, 10, 12, 14].includes(sub) ? 2 : 1;
  for (let index = 0; index < operands; index++) reader.leb();
  return sub;
}

/** Instructions without operands. */
function isPlain(opcode: number): boolean {
  return (
    [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1].includes(opcode) || (opcode >= 0x45 && opcode <= 0xc4)
  );
}
