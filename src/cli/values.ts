/** Values of command line options, checked where they are read. */
import { isIP } from 'node:net';

import { InvalidArgumentError } from 'commander';

export interface HostPort {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const MAX_PORT = 65_535;

/**
 * `HOST:PORT`, `HOST`, `:PORT`, `PORT` or `[IPv6]:PORT`; what is left out comes from `missing`.
 * @throws InvalidArgumentError saying what an address looks like
 */
export function parseHostPort(text: string, missing: HostPort): HostPort {
  const fail = (problem: string): never => {
    throw new InvalidArgumentError(`${problem}; write HOST:PORT, for example 127.0.0.1:${missing.port}`);
  };
  if (text === '') fail('it is empty');
  if (isIP(text) !== 0) return { host: text, port: missing.port };
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/.exec(text);
  if (match?.groups === undefined) return fail('this is no address');
  const { v6, name = '', port } = match.groups;
  if (v6 !== undefined && isIP(v6) !== 6) fail(`'${v6}' is no IPv6 address`);
  if (v6 === undefined && port === undefined && /^\d+$/.test(name)) {
    return { host: missing.host, port: parsePort(name) };
  }
  const host = v6 ?? (name === '' ? missing.host : name);
  if (isIP(host) === 0 && host !== 'localhost') fail(`'${host}' is no IP address of this machine`);
  return { host, port: port === undefined ? missing.port : parsePort(port) };
}

/** @throws InvalidArgumentError */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new InvalidArgumentError(`'${text}' is no port; ports are 0 to ${MAX_PORT}`);
  return port;
}

/** A number within limits, for option parsers. */
export function numberBetween(lowest: number, highest: number, unit: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= lowest && value <= highest)) {
      throw new InvalidArgumentError(`it must be ${lowest} to ${highest} ${unit}`);
    }
    return value;
  };
}

/** As {@link numberBetween}, for what is counted. */
export function wholeBetween(lowest: number, highest: number, unit: string): (text: string) => number {
  const parse = numberBetween(lowest, highest, unit);
  return (text) => {
    const value = parse(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError(`it must be a whole number of ${unit}`);
    return value;
  };
}
