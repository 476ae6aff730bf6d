/** The part of the WebAssembly API that is used; the compiler knows it only together with a browser's types. */
declare namespace WebAssembly {
  type ModuleImports = Record<string, (...args: never[]) => unknown>;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, ModuleImports>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
