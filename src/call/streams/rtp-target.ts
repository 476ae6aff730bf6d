import { isIPv4 } from 'node:net';

export interface RtpTarget {
  readonly address: string;
  readonly port: number;
}

/**
 * Reads `rtp://IPv4:port` (spec/media.md 6).
 * @returns a text that says what is wrong, for what is none
 */
export function parseRtpUri(uri: string): RtpTarget | string {
  const match = /^rtp:\/\/([^/:?#@]+):(\d{1,5})\/?$/i.exec(uri.trim());
  const address = match?.[1] ?? '';
  const port = Number(match?.[2] ?? 0);
  if (!isIPv4(address))
    return `"${uri.slice(0, 80)}" is no place for RTP: expected rtp://, an IPv4 address, : and a port`;
  if (port < 1 || port > 65_535) return `port ${port} is none: expected 1 to 65535`;
  return { address, port };
}
