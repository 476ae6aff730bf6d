import { Argument, type Command } from 'commander';

import { jsonSchema } from '../../methods/json-schema.ts';
import type { DocumentKind } from '../../swml/error-codes.ts';
import { testFileSchema } from '../../testing/files/json-schema.ts';
import type { CommandContext } from '../program.ts';

const EXAMPLES = `
Examples:
  openswml schema > swml.schema.json
  openswml schema messaging > messaging.schema.json
  openswml schema test > test.schema.json

Editors with a YAML language server (VS Code with the extension "YAML") then complete, explain and check a
document whose first line is

  # yaml-language-server: $schema=./swml.schema.json

A running server has the same at /schemas/calling.json, /schemas/messaging.json and /schemas/test.json.
`;

export function addSchemaCommand(program: Command, context: CommandContext): void {
  program
    .command('schema')
    .description('print the JSON Schema of documents, or of test files, for editors')
    .addArgument(
      new Argument('[kind]', 'what the documents are for, or `test` for test files')
        .choices(['calling', 'messaging', 'test'])
        .default('calling'),
    )
    .addHelpText('after', EXAMPLES)
    .action((kind: DocumentKind | 'test') => {
      const schema = kind === 'test' ? testFileSchema() : jsonSchema(kind);
      context.terminal.out(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
