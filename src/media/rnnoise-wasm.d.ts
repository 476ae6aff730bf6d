/** The part of the module that is used; the package has no types of its own. */
declare module '@echogarden/rnnoise-wasm' {
  export interface RnnoiseModule {
    readonly HEAPF32: Float32Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    /** @param model 0 for the one inside. @returns pointer to the state of a stream, 0 on failure */
    _rnnoise_create(model: number): number;
    _rnnoise_destroy(state: number): void;
    /** 480 samples at 48 kHz, in the range of 16 bits. @returns probability of a voice */
    _rnnoise_process_frame(state: number, output: number, input: number): number;
  }
  const create: () => Promise<RnnoiseModule>;
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default create;
}
