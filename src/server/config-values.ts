import { isIP } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { variableNameFault } from '../methods/variable-names.ts';
import { AddressGuard } from '../net/address-guard.ts';
import { parseKey } from '../recording/encryption/keys.ts';
import type { SipListener } from '../sip/api.ts';
import { canonicalHost } from '../sip/message/uri.ts';

/** An address to listen on. */
export interface HostPort {
  /** IPv4 or IPv6 address (without brackets) or host name. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** UDP ports for RTP; each call takes an even one and the odd one above it. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

const MAX_PORT = 65_535;
const DEFAULT_SIP_PORT = 5_060;
const HOST_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
const SIP_LISTENER = /^(udp|tcp):\/\/(.+)$/i;

/** `0.0.0.0:8080`, `[::]:8080`, `localhost:0`. */
export const hostPort = z.string().transform((text, context): HostPort => {
  const parsed = parseHostPort(text);
  if (parsed?.port !== undefined) return { host: parsed.host, port: parsed.port };
  return refuse(context, 'expected an address and a port such as 0.0.0.0:8080 or [::]:8080');
});

/** `udp://0.0.0.0:5060`, `tcp://[::]`. */
export const sipListener = z.string().transform((text, context): SipListener => {
  const match = SIP_LISTENER.exec(text);
  const parsed = parseHostPort(match?.[2] ?? '');
  if (match === null || parsed === undefined) {
    return refuse(
      context,
      'expected a transport and an address such as udp://0.0.0.0:5060 or tcp://[::]:5060',
    );
  }
  const protocol = match[1]?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  return { protocol, host: parsed.host, port: parsed.port ?? DEFAULT_SIP_PORT };
});

/** `20000-29999`. */
export const portRange = z.string().transform((text, context): PortRange => {
  const match = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text.trim());
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || min < 1_024 || min >= max || max > MAX_PORT) {
    return refuse(context, 'expected a range of ports from 1024 to 65535 such as 20000-29999');
  }
  // Two ports, the first of which is odd, hold no pair.
  if (max - min > 1 || min % 2 === 0) return { min, max };
  return refuse(context, 'expected an even port and the odd one above it at least, such as 20000-20001');
});

/** An address to receive on: sockets are bound to numbers. */
export const ownAddress = z
  .string()
  .refine((text) => isIP(text) !== 0, 'expected an address such as 0.0.0.0 or ::, without a port')
  // Others compare: `::0` is `::`, all addresses.
  .transform(canonicalHost);

/** An address or host name without a port. */
export const host = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9._-]+$/i.test(text),
    'expected an address or host name without a port',
  );

/** A base URL; a slash at the end is dropped. */
export const publicUrl = z.string().transform((text, context): string => {
  const url = URL.parse(text);
  const plain = url !== null && /^https?:$/.test(url.protocol) && !/[?#\s]/.test(text);
  if (plain && url.username === '' && url.password === '') return text.replace(/\/+$/, '');
  return refuse(
    context,
    'expected an http or https URL without query and credentials, such as https://pbx.example.com',
  );
});

/** Where events go; a user name and password in it become Basic authorization. */
export const eventUrl = z
  .string()
  .refine((text) => isHttpUrl(text) && URL.canParse(text), 'expected an http or https URL');

/** Where a document is. */
export const documentPlace = z
  .string()
  .min(1, 'expected a path or a URL')
  .refine(
    (text) => !isHttpUrl(text) || URL.canParse(text),
    'expected a path, or a URL such as https://app.example.com/voice',
  );

/** Ids of the language are UUIDs. */
export const uuid = z.guid('expected a UUID such as 3f1f6a7e-2b0c-4a51-9d3e-7a4b1c2d3e4f');

/** One entry of the list of addresses that outgoing requests may reach although they are not public. */
export const allowedAddress = z.string().superRefine((text, context) => {
  try {
    new AddressGuard([text]);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

/** A token or key that travels in headers. */
export const secret = z
  .string()
  .min(8, 'expected at least 8 characters')
  .max(256, 'expected at most 256 characters')
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII characters without spaces');

/** `amazon.Joanna=nova`: a voice of documents and the one that speaks for it. */
export const voicePair = z.string().transform((text, context): { name: string; voice: string } => {
  const match = /^\s*([^\s=,]+)\s*=\s*([^\s=,]+)\s*$/.exec(text);
  const [, name, voice] = match ?? [];
  if (name !== undefined && voice !== undefined) return { name, voice };
  return refuse(context, 'expected two voices such as amazon.Joanna=nova or azure.*=onyx');
});

/** Part of an access key that somebody else has made. */
export const accessKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,256}$/, 'expected 1 to 256 printable ASCII characters without spaces');

/** The name of a variable of scripts, members behind dots. */
export const variableName = z.string().superRefine((text, context) => {
  const fault = variableNameFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `expected ${fault}` });
});

/** The key of recordings, as its 32 bytes. */
export const encryptionKey = z.string().transform((text, context): Uint8Array => {
  try {
    return parseKey(text);
  } catch (error) {
    return refuse(context, error instanceof Error ? error.message : String(error));
  }
});

/** A number without a fraction, in a range. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  const message = `expected a whole number from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
}

export function oneOf<const T extends readonly string[]>(...values: T): z.ZodType<T[number]> {
  return z.enum(values, `expected ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`);
}

/** Whether a document is named by a URL, not by a path. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** The path, made absolute against the folder of whoever named it; URLs stay as they are. */
export function absolutePath(text: string, base: string): string {
  return isHttpUrl(text) ? text : path.resolve(base, text);
}

function parseHostPort(text: string): { host: string; port: number | undefined } | undefined {
  const match = HOST_PORT.exec(text.trim());
  const name = match?.[1];
  if (name === undefined) return undefined;
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && port > MAX_PORT) return undefined;
  return { host: name.replace(/^\[|\]$/g, ''), port };
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
