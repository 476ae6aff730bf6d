/** From the destination of `execute` or `transfer` to a section to run (spec/document.md 2, flow.md 3 and 8). */
import { loadAndWarn, loadDocument } from '../methods/check.ts';
import { classifyDest } from '../methods/dest.ts';
import { malformedUrl, unknownSection } from '../methods/findings.ts';
import type { Finding, SwmlDocument } from '../swml/document.ts';
import type { ErrorCode, ErrorPolicy } from '../swml/error-codes.ts';
import { SwmlError } from '../swml/errors.ts';
import type { JsonObject } from '../swml/json.ts';
import type { Path } from '../swml/position.ts';
import type { DocumentLoader } from './document-source.ts';

export interface Destination {
  readonly document: SwmlDocument;
  readonly section: string;
}

export interface DestinationRequest {
  readonly dest: string;
  /** Way to `dest` in the document, for errors. */
  readonly path: Path;
  readonly method: string;
  readonly payload: JsonObject;
  readonly signal: AbortSignal;
  /** Told, in words, of what is wrong with the document though it can be run. */
  readonly warn: (message: string) => void;
  /** Error of the running step. */
  readonly fail: (
    finding: Finding,
    options?: { readonly policy?: ErrorPolicy; readonly cause?: unknown },
  ) => SwmlError;
}

/** @throws SwmlError, which always stops the script: there is nowhere to go on */
export async function findDestination(
  request: DestinationRequest,
  current: SwmlDocument,
  loader: DocumentLoader,
  strict: boolean,
): Promise<Destination> {
  const { dest, path, warn, fail } = request;
  switch (classifyDest(dest)) {
    case 'section':
      if (!current.sections.has(dest)) throw fail(unknownSection(dest, current, path));
      return { document: current, section: dest };
    case 'inline': {
      const file = `${current.file ?? 'document'} (inline)`;
      return { document: loadAndWarn(dest, { file, kind: current.kind, strict }, warn), section: 'main' };
    }
    case 'relay':
      throw fail(
        {
          fault: 'failed',
          message: 'Destinations that start with "relay:" are not part of this runtime',
          path,
        },
        { policy: 'stop' },
      );
    case 'url':
      return { document: await fetchDocument(request, current, loader, strict), section: 'main' };
  }
}

async function fetchDocument(
  request: DestinationRequest,
  current: SwmlDocument,
  loader: DocumentLoader,
  strict: boolean,
): Promise<SwmlDocument> {
  const { dest, path, method, payload, signal, fail } = request;
  if (!URL.canParse(dest)) throw fail(malformedUrl(dest, path));
  let loaded: Awaited<ReturnType<DocumentLoader['load']>>;
  try {
    loaded = await loader.load({ url: dest, method, kind: current.kind, strict, payload, signal });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = fail(
      { fault: 'failed', message: `The document could not be fetched: ${reason}`, path },
      { policy: 'stop', cause: error },
    );
    throw current.kind === 'messaging' ? recode(failure, 'swml_transfer_fetch_failed') : failure;
  }
  if (loaded.document !== undefined) return loaded.document;
  try {
    return loadDocument(loaded.text, { file: loaded.name, kind: current.kind, strict });
  } catch (error) {
    if (error instanceof SwmlError && current.kind === 'messaging') {
      throw recode(error, 'swml_transfer_document_invalid');
    }
    throw error;
  }
}

function recode(error: SwmlError, code: ErrorCode): SwmlError {
  return new SwmlError({ ...error.diagnostic, code }, { policy: 'stop', cause: error });
}
