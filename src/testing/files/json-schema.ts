import { jsonSchema } from '../../methods/json-schema.ts';
import type { JsonObject, JsonValue } from '../../swml/json.ts';
import { JsonSchemaWriter } from '../../swml/schema-json.ts';
import { TEST_FILE } from './format.ts';

/** JSON Schema (draft 2020-12) of test files, with that of the documents that may stand in them. */
export function testFileSchema(): JsonObject {
  const {
    $schema,
    $defs,
    title: _title,
    ...document
  } = jsonSchema('calling') as JsonObject & {
    readonly $schema: JsonValue;
    readonly $defs: JsonObject;
  };
  const writer = new JsonSchemaWriter();
  const file = writer.write(TEST_FILE);
  return {
    $schema,
    title: 'Tests of SWML documents by virtual calls',
    ...file,
    $defs: { ...$defs, ...writer.definitions, document },
  };
}
