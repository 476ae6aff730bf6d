/**
 * Meters a WebAssembly module: every turn of a loop and every copy of memory uses up fuel, and whenever a
 * portion is used up the function `meter.tick` of the host is called. What it throws ends the call into the
 * module at once, wherever it is. QuickJS itself can be interrupted between steps of JavaScript alone, and one
 * step of its C code (`"…".normalize()`) may run for minutes.
 *
 * WebAssembly Core 2.0, section 5 (binary format). A loop of JavaScript in QuickJS takes a fifth longer so.
 */
import { s32, u32, WasmError, WasmReader, WasmWriter } from './wasm-bytes.ts';
import { skipInstruction } from './wasm-instructions.ts';

/** Turns of loops between two calls of `meter.tick`; some tenths of a millisecond. */
const PORTION = 50_000;
/** A copied or filled stretch of 2^8 bytes counts as one turn. */
const BULK_SHIFT = 8;

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, start: 8, element: 9, code: 10 };
/** Where sections that may be absent have their place (custom sections are left out). */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const I32 = 0x7f;
const LOOP = 0x03;
const CALL = 0x10;
const REF_FUNC = 0xd2;
const PREFIX = 0xfc;

/** @throws WasmError */
export function meterModule(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Meter(binary).write();
}

class Meter {
  readonly #sections = new Map<number, Uint8Array>();
  /** Parameters of each type. */
  readonly #parameters: number[] = [];
  /** Imported functions; the index of `tick`, too, which comes behind them. */
  #imports = 0;
  #globals = 0;

  constructor(binary: Uint8Array) {
    const reader = new WasmReader(binary);
    if (reader.raw(8).join() !== '0,97,115,109,1,0,0,0') throw new WasmError('this is no WebAssembly module');
    while (!reader.done) {
      const id = reader.byte();
      const body = reader.raw(reader.u32());
      if (id !== 0) this.#sections.set(id, body);
    }
  }

  write(): Uint8Array<ArrayBuffer> {
    const tickType = this.#countTypes();
    const imports = this.#read(SECTION.import);
    const importCount = imports.u32();
    for (let index = 0; index < importCount; index++) this.#readImport(imports);
    const rewritten = new Map<number, Uint8Array>([
      [SECTION.type, appended(this.#section(SECTION.type), [0x60, 0, 0])],
      [
        SECTION.import,
        appended(this.#section(SECTION.import), [...name('meter'), ...name('tick'), 0, ...u32(tickType)]),
      ],
    ]);
    this.#globals += this.#read(SECTION.global).u32();
    rewritten.set(
      SECTION.global,
      appended(this.#section(SECTION.global), [I32, 1, 0x41, ...s32(PORTION), 0x0b]),
    );
    rewritten.set(SECTION.export, this.#exports());
    rewritten.set(SECTION.element, this.#elements());
    rewritten.set(SECTION.code, this.#code());
    if (this.#sections.has(SECTION.start)) {
      rewritten.set(SECTION.start, Uint8Array.from(u32(this.#shifted(this.#read(SECTION.start).u32()))));
    }
    const out = new WasmWriter();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    for (const id of ORDER) {
      const body = rewritten.get(id) ?? this.#sections.get(id);
      if (body === undefined || body.length === 0) continue;
      out.bytes([id, ...u32(body.length)]);
      out.copy(body);
    }
    return out.result();
  }

  #section(id: number): Uint8Array {
    return this.#sections.get(id) ?? Uint8Array.of(0);
  }

  #read(id: number): WasmReader {
    return new WasmReader(this.#section(id));
  }

  /** Functions that the module defines stand one index later behind the new import. */
  #shifted(index: number): number {
    return index < this.#imports ? index : index + 1;
  }

  #countTypes(): number {
    const types = this.#read(SECTION.type);
    const count = types.u32();
    for (let index = 0; index < count; index++) {
      if (types.byte() !== 0x60) throw new WasmError('unknown form of a type');
      const parameters = types.u32();
      types.raw(parameters);
      types.raw(types.u32());
      this.#parameters.push(parameters);
    }
    return count;
  }

  #readImport(imports: WasmReader): void {
    imports.raw(imports.u32());
    imports.raw(imports.u32());
    switch (imports.byte()) {
      case 0:
        imports.u32();
        this.#imports++;
        return;
      case 1:
        imports.byte();
        imports.limits();
        return;
      case 2:
        imports.limits();
        return;
      case 3:
        imports.raw(2);
        this.#globals++;
        return;
      default:
        throw new WasmError('unknown kind of import');
    }
  }

  #exports(): Uint8Array {
    const exports = this.#read(SECTION.export);
    const out = new WasmWriter();
    const count = exports.u32();
    out.bytes(u32(count));
    for (let index = 0; index < count; index++) {
      const text = exports.raw(exports.u32());
      const kind = exports.byte();
      const target = exports.u32();
      out.bytes(u32(text.length));
      out.copy(text);
      out.bytes([kind, ...u32(kind === 0 ? this.#shifted(target) : target)]);
    }
    return out.result();
  }

  #elements(): Uint8Array {
    const elements = this.#read(SECTION.element);
    const out = new WasmWriter();
    const count = elements.u32();
    out.bytes(u32(count));
    for (let index = 0; index < count; index++) {
      if (elements.u32() !== 0) throw new WasmError('unknown form of an element segment');
      out.bytes([0]);
      const from = elements.at;
      skipInstruction(elements);
      if (elements.byte() !== 0x0b) throw new WasmError('unknown form of an offset');
      out.copy(elements.since(from));
      const functions = elements.u32();
      out.bytes(u32(functions));
      for (let item = 0; item < functions; item++) out.bytes(u32(this.#shifted(elements.u32())));
    }
    return out.result();
  }

  #code(): Uint8Array {
    const signatures = this.#read(SECTION.function);
    const code = this.#read(SECTION.code);
    const count = code.u32();
    if (signatures.u32() !== count) throw new WasmError('functions and code differ in number');
    const out = new WasmWriter();
    out.bytes(u32(count));
    for (let index = 0; index < count; index++) {
      const body = this.#body(code.raw(code.u32()), this.#parameters[signatures.u32()] ?? 0);
      out.bytes(u32(body.length));
      out.copy(body);
    }
    return out.result();
  }

  #body(body: Uint8Array, parameters: number): Uint8Array {
    const reader = new WasmReader(body);
    const groups = reader.u32();
    const from = reader.at;
    let locals = parameters;
    for (let index = 0; index < groups; index++) {
      locals += reader.u32();
      reader.byte();
    }
    const out = new WasmWriter();
    out.bytes(u32(groups + 1));
    out.copy(reader.since(from));
    // One more local, for the length of a copy.
    out.bytes([1, I32]);
    this.#instructions(reader, out, locals);
    return out.result();
  }

  /** Copies the instructions, stretch by stretch, with the meter between them. */
  #instructions(reader: WasmReader, out: WasmWriter, spareLocal: number): void {
    const fuel = u32(this.#globals);
    const length = u32(spareLocal);
    // fuel -= length >> 8, where the length lies on the stack
    const charge = [
      ...[0x21, ...length, 0x23, ...fuel, 0x20, ...length, 0x41, BULK_SHIFT, 0x76, 0x6b, 0x24, ...fuel],
      ...[0x20, ...length],
    ];
    // if (--fuel < 0) { fuel = PORTION; tick() }
    const turn = [
      ...[0x23, ...fuel, 0x41, 1, 0x6b, 0x24, ...fuel, 0x23, ...fuel, 0x41, 0, 0x48, 0x04, 0x40],
      ...[0x41, ...s32(PORTION), 0x24, ...fuel, 0x10, ...u32(this.#imports), 0x0b],
    ];
    let copied = reader.at;
    const flush = (): void => {
      out.copy(reader.since(copied));
      copied = reader.at;
    };
    while (!reader.done) {
      const opcode = reader.peek();
      if (opcode === CALL || opcode === REF_FUNC) {
        flush();
        reader.byte();
        out.bytes([opcode, ...u32(this.#shifted(reader.u32()))]);
        copied = reader.at;
      } else if (opcode === LOOP) {
        skipInstruction(reader);
        flush();
        out.bytes(turn);
      } else if (opcode === PREFIX && isBulk(reader)) {
        flush();
        out.bytes(charge);
        skipInstruction(reader);
      } else {
        skipInstruction(reader);
      }
    }
    flush();
  }
}

/** Whether memory.copy or memory.fill comes next. */
function isBulk(reader: WasmReader): boolean {
  const from = reader.at;
  const sub = skipInstruction(reader);
  reader.at = from;
  return sub === 10 || sub === 11;
}

/** A section (a list with its number in front) with one entry more at its end. */
function appended(section: Uint8Array, entry: readonly number[]): Uint8Array {
  const reader = new WasmReader(section);
  const count = reader.u32();
  const out = new WasmWriter();
  out.bytes(u32(count + 1));
  out.copy(section.subarray(reader.at));
  out.bytes(entry);
  return out.result();
}

function name(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)];
}
