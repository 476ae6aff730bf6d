/**
 * The language as a library: read, check and write SWML documents, without a server or a call; in Node and in
 * browsers.
 *
 *     import { type CallingDocument, formatDiagnostic, parse, validate } from 'openswml';
 *
 *     const { document, diagnostics } = validate(text, { file: 'menu.yaml' });
 *     for (const diagnostic of diagnostics) console.error(formatDiagnostic(diagnostic, text));
 *
 *     const answer: CallingDocument = { sections: { main: [{ record: { beep: true } }] } };
 *     parse(answer); // throws an SwmlError when there is a mistake in it that types cannot see
 */
export {
  type CheckOptions,
  type CheckResult,
  checkDocument,
  checkDocument as validate,
  loadDocument,
  loadDocument as parse,
} from './methods/check.ts';
export { jsonSchema } from './methods/json-schema.ts';
export type { AnyMethod, MethodDefinition, OutputVariable } from './methods/method.ts';
export { methodsOf } from './methods/registry.ts';
export * from './methods/written.ts';
export type { Block, Step, SwmlDocument } from './swml/document.ts';
export {
  type CauseClass,
  type DocumentKind,
  ERROR_CODES,
  type ErrorCode,
  type ErrorCodeInfo,
  type ErrorPolicy,
  errorPage,
} from './swml/error-codes.ts';
export { type Diagnostic, formatDiagnostic, formatError, SwmlError } from './swml/errors.ts';
export type { JsonObject, JsonValue } from './swml/json.ts';
export { type ParsedText, type ParseOptions, parseText } from './swml/parse.ts';
export { formatPath, type Path, type Position } from './swml/position.ts';
