/** The part of the package that tests use; its own types are not reachable through its `exports`. */
declare module '@signalwire/web-api' {
  /** @param header value of `X-Signalwire-Signature` */
  export function validateRequest(signingKey: string, header: string, url: string, rawBody: string): boolean;
}
