/** The part of the module that is used; the package has no types of its own. */
declare module '@echogarden/speex-resampler-wasm' {
  export interface SpeexModule {
    readonly HEAP16: Int16Array;
    readonly HEAPU32: Uint32Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    /** @returns pointer to the state, 0 on failure; the error code is stored at `error` */
    _speex_resampler_init(
      channels: number,
      inRate: number,
      outRate: number,
      quality: number,
      error: number,
    ): number;
    _speex_resampler_destroy(state: number): void;
    _speex_resampler_skip_zeros(state: number): number;
    /** Delay of the filter in input samples. */
    _speex_resampler_get_input_latency(state: number): number;
    /** `inLength` and `outLength` point to u32 counts: what is there, then what was used. */
    _speex_resampler_process_int(
      state: number,
      channel: number,
      input: number,
      inLength: number,
      output: number,
      outLength: number,
    ): number;
  }
  const create: () => Promise<SpeexModule>;
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default create;
}
