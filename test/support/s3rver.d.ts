/** The part of the package that tests use; it has no types of its own. */
declare module '@20minutes/s3rver' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http';
  import type { AddressInfo } from 'node:net';

  class S3rver {
    constructor(options: {
      readonly address: string;
      readonly port: number;
      readonly directory: string;
      readonly silent: boolean;
      readonly configureBuckets: readonly { readonly name: string }[];
    });
    /** Run in their order for every request; the first may answer it in the server's place. */
    middleware: ((context: S3rver.Context, next: () => Promise<void>) => unknown)[];
    /** While it runs. */
    readonly httpServer?: Server;
    run(): Promise<AddressInfo>;
    close(): Promise<void>;
  }

  namespace S3rver {
    interface Context {
      readonly method: string;
      readonly path: string;
      readonly req: IncomingMessage;
      readonly res: ServerResponse;
      status: number;
      body: unknown;
      respond?: boolean;
    }
  }

  export = S3rver;
}
