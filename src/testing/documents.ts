import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallInfo } from '../call/leg.ts';
import type { DocumentLoader, DocumentRequest, LoadedText } from '../engine/document-source.ts';
import { callingPayload } from '../engine/payload.ts';
import { type CheckOptions, loadDocument } from '../methods/check.ts';
import type { SwmlDocument } from '../swml/document.ts';
import { SwmlError } from '../swml/errors.ts';
import type { JsonObject } from '../swml/json.ts';

/**
 * Where a document comes from: an object is the document itself; a text that holds a line break, or begins as
 * documents do, is its text; `http(s)://…` is asked for at the beginning of the call; any other text is a path.
 */
export type DocumentSource = string | JsonObject;

export function isDocumentText(source: string): boolean {
  return source.includes('\n') || /^\s*(?:\{|version\s*:|sections\s*:)/.test(source);
}

/** A document that is there, or the URL to ask for it. */
export type FoundDocument = SwmlDocument | { readonly url: string };

/**
 * Reads a document that is at hand.
 * @throws SwmlError when there are errors in it; Error when the file cannot be read
 */
export async function findDocument(
  source: DocumentSource,
  baseDir: string,
  options: Pick<CheckOptions, 'strict'> = {},
): Promise<FoundDocument> {
  if (typeof source === 'string' && /^https?:\/\//i.test(source)) return { url: source };
  const { text, file } = await documentText(source, baseDir);
  return loadDocument(text, { ...options, file });
}

/** Text of a document that is at hand, and its name for messages. @throws Error when the file cannot be read */
export async function documentText(
  source: DocumentSource,
  baseDir: string,
): Promise<{ readonly text: string; readonly file: string }> {
  if (typeof source !== 'string') return { text: JSON.stringify(source), file: 'document' };
  if (isDocumentText(source)) return { text: source, file: 'document' };
  return { text: await readFile(path.resolve(baseDir, source), 'utf8'), file: source };
}

/** Whether JavaScript may run: in the document, or in one that it fetches. */
export function mayUseExpressions(document: FoundDocument): boolean {
  return 'url' in document || document.usesExpressions || /https?:/i.test(document.text);
}

interface FetchOptions extends Pick<CheckOptions, 'strict'> {
  readonly signal: AbortSignal;
  /** Scope `envs` of the call. */
  readonly envs?: JsonObject | undefined;
}

/**
 * Asks for the document of a call, as the server does for each one (spec/document.md 2).
 * @throws SwmlError also when it cannot be had
 */
export async function fetchDocument(
  url: string,
  call: CallInfo,
  loader: DocumentLoader,
  { signal, envs = {}, strict = false }: FetchOptions,
): Promise<SwmlDocument> {
  const payload = callingPayload(call, { vars: {}, envs, params: {} });
  const request = { url, method: 'POST', kind: 'calling', strict, payload, signal } as const;
  const { text, name, document } = await load(loader, request);
  return document ?? loadDocument(text, { file: name, strict });
}

/** A document that cannot be had has the code that a server tells of it. */
async function load(loader: DocumentLoader, request: DocumentRequest): Promise<LoadedText> {
  try {
    return await loader.load(request);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SwmlError({ code: 'relay_script_method_execute_failed', message }, { policy: 'stop', cause });
  }
}
