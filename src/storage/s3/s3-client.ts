import { AwsV4Signer } from 'aws4fetch';
import type { ByteRange } from '../../recording/byte-source.ts';
import type { Clock } from '../../time/clock.ts';
import { StorageError } from '../errors.ts';
import { s3Failure, s3Unreachable } from './s3-errors.ts';
import type { S3Body, S3Request, S3Response, S3Transport } from './s3-transport.ts';

/** Where objects lie, and who may reach them. */
export interface S3Settings {
  /** `https://host[:port][/path]`, without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Before the name of every object, e.g. `pbx-1/`. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where the bucket stands in the URL: before the path, or before the host. */
  readonly addressing: 'path' | 'host';
}

export interface S3Object {
  /** Bytes. */
  readonly size: number;
  /** Unix ms. */
  readonly modifiedMs: number;
  /** Without quotes. */
  readonly etag: string;
  /** Of the bytes, hexadecimal; undefined when the tag is something else. */
  readonly md5: string | undefined;
}

/** What is sent, with the sums that the store must come to. */
export interface S3Upload extends S3Body {
  readonly contentType: string;
  readonly md5: Buffer;
  readonly sha256: Buffer;
  readonly signal?: AbortSignal | undefined;
}

/** Headers that clients shall get with a download by link. */
export interface S3LinkOptions {
  readonly seconds: number;
  readonly contentType: string;
  readonly disposition: string;
}

/** Longest error document that is read, bytes. */
const MAX_ERROR_BYTES = 64 * 1024;
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * The few operations on objects that recordings need, signed (AWS Signature Version 4) with `aws4fetch`. A whole
 * recording goes in one PUT, which the protocol allows up to 5 GB; none is as large. All methods throw
 * StorageError `refused` or `unreachable`.
 */
export class S3Client {
  /** Bucket and host, for messages. */
  readonly place: string;
  readonly #settings: S3Settings;
  readonly #transport: S3Transport;
  readonly #clock: Clock;
  /** Signing keys by day, of `aws4fetch`. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();

  constructor(settings: S3Settings, transport: S3Transport, clock: Clock) {
    this.#settings = settings;
    this.#transport = transport;
    this.#clock = clock;
    this.place = `${settings.bucket} at ${new URL(settings.endpoint).host}`;
  }

  /** Undefined when there is no such object. */
  async head(name: string, signal?: AbortSignal): Promise<S3Object | undefined> {
    const response = await this.#send(name, { method: 'HEAD', signal, what: `${name}: the look at it` });
    if (response === undefined) return undefined;
    response.cancel();
    const length = response.header('content-length');
    if (length === undefined) {
      const why = `${this.place} answers HEAD without Content-Length; perhaps a proxy before it takes that off`;
      // Not `refused`, behind which the uploader sends it all again.
      throw new StorageError('unreachable', `${name}: nobody can tell how large it is: ${why}`);
    }
    return {
      size: Number(length),
      modifiedMs: Date.parse(response.header('last-modified') ?? '') || 0,
      etag: tagOf(response),
      md5: md5Of(response),
    };
  }

  /** Part of an object, as it comes. @throws StorageError also from the iteration; `not_found` */
  async *get(name: string, { start, end }: ByteRange): AsyncGenerator<Buffer> {
    const what = `${name}: the download`;
    const headers = { range: `bytes=${start}-${end}` };
    const response = await this.#send(name, { method: 'GET', headers, what });
    if (response === undefined) throw s3Failure({ what, place: this.place, status: 404, code: '' });
    try {
      if (response.status !== 206 && start !== 0) {
        throw s3Failure({ what, place: this.place, status: response.status, code: 'without the range' });
      }
      const wanted = end - start + 1;
      let left = wanted;
      for await (const piece of response.body) {
        // A store that sends all instead of the beginning.
        yield piece.subarray(0, left);
        left -= piece.length;
        if (left <= 0) return;
      }
      // A part of the range is an answer, too (RFC 9110 15.3.7), which nobody must take for all of it.
      if (left === 0) return;
      const sent = `${this.place} sent ${wanted - left} of ${wanted} bytes`;
      throw new StorageError('unreachable', `${what}: ${sent}`);
    } catch (cause) {
      throw s3Unreachable(what, cause);
    } finally {
      response.cancel();
    }
  }

  /** Stores an object, in place of an older one. Stores that check the sums refuse it when other bytes arrive. */
  async put(name: string, upload: S3Upload): Promise<void> {
    const response = await this.#send(name, {
      method: 'PUT',
      headers: { 'content-type': upload.contentType, 'content-md5': upload.md5.toString('base64') },
      sha256: upload.sha256.toString('hex'),
      body: upload,
      signal: upload.signal,
      what: `${name}: the upload`,
    });
    response?.cancel();
  }

  /** No error when there is no such object. */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    const response = await this.#send(name, { method: 'DELETE', signal, what: `${name}: the deletion` });
    response?.cancel();
  }

  /** A URL that downloads an object, for as long as it is good, without any credentials. */
  async link(name: string, { seconds, contentType, disposition }: S3LinkOptions): Promise<string> {
    const url = this.#urlOf(name);
    url.searchParams.set('X-Amz-Expires', String(seconds));
    url.searchParams.set('response-content-type', contentType);
    url.searchParams.set('response-content-disposition', disposition);
    const signed = await this.#signer({ url: url.href, method: 'GET', signQuery: true }).sign();
    return signed.url.href;
  }

  /** @returns undefined for 404 of an object */
  async #send(
    name: string,
    options: Omit<S3Request, 'url' | 'headers'> & {
      readonly headers?: Readonly<Record<string, string>>;
      readonly sha256?: string;
      readonly what: string;
    },
  ): Promise<S3Response | undefined> {
    const { method, body, signal, what } = options;
    const headers = { ...options.headers, 'x-amz-content-sha256': options.sha256 ?? EMPTY_SHA256 };
    const signed = await this.#signer({ url: this.#urlOf(name).href, method, headers }).sign();
    let response: S3Response;
    try {
      response = await this.#transport.send({
        method,
        url: signed.url.href,
        headers: Object.fromEntries(signed.headers),
        body,
        signal,
      });
    } catch (cause) {
      throw s3Unreachable(what, cause);
    }
    if (response.status >= 200 && response.status < 300) return response;
    const code = await errorCode(response);
    if (response.status === 404 && code !== 'NoSuchBucket') return undefined;
    throw s3Failure({ what, place: this.place, status: response.status, code });
  }

  #urlOf(name: string): URL {
    const { endpoint, bucket, prefix, addressing } = this.#settings;
    const url = new URL(endpoint);
    const path = `${prefix}${name}`.split('/').map(encodeURIComponent).join('/');
    if (addressing === 'host') url.host = `${bucket}.${url.host}`;
    const base = url.pathname.replace(/\/$/, '');
    url.pathname =
      addressing === 'host' ? `${base}/${path}` : `${base}/${encodeURIComponent(bucket)}/${path}`;
    return url;
  }

  #signer(request: {
    readonly url: string;
    readonly method: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signQuery?: boolean;
  }): AwsV4Signer {
    const { accessKeyId, secretAccessKey, region } = this.#settings;
    return new AwsV4Signer({
      ...request,
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
      cache: this.#signingKeys,
      datetime: new Date(this.#clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
  }
}

/** The tag is the MD5 of the bytes, unless they were encrypted by a key of the customer's or stored in parts. */
function md5Of(response: S3Response): string | undefined {
  const etag = tagOf(response).toLowerCase();
  const own =
    response.header('x-amz-server-side-encryption')?.startsWith('aws:kms') === true ||
    response.header('x-amz-server-side-encryption-customer-algorithm') !== undefined;
  return own || !/^[0-9a-f]{32}$/.test(etag) ? undefined : etag;
}

function tagOf(response: S3Response): string {
  return (response.header('etag') ?? '').replaceAll('"', '');
}

/** The code in an error document, `<Code>NoSuchBucket</Code>`; empty when there is none. */
async function errorCode(response: S3Response): Promise<string> {
  let text = '';
  try {
    for await (const piece of response.body) {
      text += piece.toString('latin1');
      if (text.length > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  response.cancel();
  return /<Code>([\w.]{1,64})<\/Code>/.exec(text)?.[1] ?? '';
}
