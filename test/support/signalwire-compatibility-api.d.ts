/** The part of the package that tests use; its own types are not reachable through its `exports`. */
declare module '@signalwire/compatibility-api' {
  interface CompatibilityRecording {
    readonly sid: string;
    readonly callSid: string;
    readonly status: string;
    readonly duration: string | number;
    readonly channels: number;
    readonly dateCreated: Date;
  }
  interface CompatibilityRecordings {
    (sid: string): { fetch(): Promise<CompatibilityRecording>; remove(): Promise<boolean> };
    list(options?: {
      readonly pageSize?: number;
      readonly limit?: number;
      readonly callSid?: string;
      readonly dateCreatedAfter?: Date;
    }): Promise<readonly CompatibilityRecording[]>;
  }
  export function RestClient(
    project: string,
    token: string,
    options: { readonly signalwireSpaceUrl: string },
  ): {
    readonly api: { baseUrl: string };
    readonly recordings: CompatibilityRecordings;
    calls(sid: string): { readonly recordings: CompatibilityRecordings };
  };
}
