/** QuickJS as a metered WebAssembly module. The only file of `swml/` that needs Node: it reads the module. */
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import type { QuickJSSyncVariant, QuickJSWASMModule } from 'quickjs-emscripten-core';
import { meterModule } from './wasm-meter.ts';

/** An instance of the machine. Code in it cannot get at anything but its own memory and what it is handed. */
export interface SandboxModule {
  readonly quickjs: QuickJSWASMModule;
  /**
   * Called again and again while code runs in the instance; what it throws ends the call, after which the
   * instance is not to be used again.
   */
  onTick: (() => void) | undefined;
}

export type NewModule = () => Promise<SandboxModule>;

const BINARY = '@jitl/quickjs-wasmfile-release-sync/wasm';
/** Memory of an instance, in pages of 64 KiB: what it starts with, and twice that at most. */
const MEMORY = { initial: 256, maximum: 512 } as const;

/** Names of the platform that the types of Node leave out. */
const { Memory } = WebAssembly as unknown as { Memory: new (limits: typeof MEMORY) => object };

/** Compiles the machine; what it gives makes instances of it. */
export async function loadSandboxModules(): Promise<NewModule> {
  const [{ newQuickJSWASMModuleFromVariant, newVariant }, variant, binary] = await Promise.all([
    import('quickjs-emscripten-core'),
    import('@jitl/quickjs-wasmfile-release-sync'),
    readFile(createRequire(import.meta.url).resolve(BINARY)),
  ]);
  const compiled = await WebAssembly.compile(meterModule(binary));
  return async () => {
    const module: { quickjs?: QuickJSWASMModule; onTick: SandboxModule['onTick'] } = { onTick: undefined };
    const tick = (): void => module.onTick?.();
    module.quickjs = await newQuickJSWASMModuleFromVariant(
      // The package describes its CommonJS form; what is imported is the other.
      newVariant(variant.default as unknown as QuickJSSyncVariant, {
        wasmMemory: new Memory(MEMORY) as never,
        emscriptenModule: {
          instantiateWasm(imports: object, done: (instance: WebAssembly.Instance) => void) {
            const instance = new WebAssembly.Instance(compiled, { ...imports, meter: { tick } });
            done(instance);
            return instance.exports;
          },
        },
      }),
    );
    return module as SandboxModule;
  };
}
