import { actionProperties } from '../../src/testing/files/format-caller.ts';
import { answerProperties, callProperties } from '../../src/testing/files/format-call.ts';
import { PIECE } from '../../src/testing/files/format-sound.ts';
import { earlyMediaProperties, partyProperties } from '../../src/testing/files/format-parties.ts';
import { EXPECTATIONS } from '../../src/testing/files/format-expect.ts';
import { TEST_PROPERTIES } from '../../src/testing/files/format.ts';
import { object, type Schema } from '../../src/swml/schema.ts';
import { generated, parameterTable } from './markdown.ts';

const INTRODUCTION = `What may stand in a test file; [testing](testing.md) shows how it is used. A file is one test, or holds several under
\`tests\`, each with a \`name\`; what stands beside \`tests\` then holds for each of them, unless the test says otherwise
(\`call\`, \`vars\`, \`params\`, \`envs\`, \`web\`, \`network\`, \`parties\` and \`expect\` member by member). \`openswml schema test\` prints the
same for editors.

Texts written \`/like this/i\` are regular expressions where words, texts and values are compared. Numbers may be
written as ranges: \`1.5..2\`, \`> 1\`, \`>= 1\`, \`< 2\`, \`<= 2\`. \`"*"\` is any value that is there; in \`keys_sent\`
and \`terminator\` it is the key, which elsewhere is written \`"/^[*]$/"\`. Objects may hold more than what is expected of
them, lists may not.`;

/** docs/test-files.md */
export function testFilesPage(): string {
  const section = (title: string, properties: Parameters<typeof object>[0]): string =>
    `## ${title}\n\n${parameterTable(object(properties, {}))}`;
  const { document, name, spec, caller, expect } = TEST_PROPERTIES;
  const { together, makes, ...actions } = actionProperties;
  const { sound, ...answer } = answerProperties;
  const { does, ...party } = partyProperties;
  const { does: early, ...heard } = earlyMediaProperties;
  const earlyMedia = object({ ...heard, does: folded(early) }, party.early_media.info);
  if (EXPECTATIONS.node.kind !== 'object') throw new Error('expectations are an object');
  return [
    generated('src/testing/files'),
    '# Test files',
    INTRODUCTION,
    section('The test', { name, spec, document, caller: folded(caller), expect: folded(expect) }),
    section('The call and the world around it', callProperties),
    `## Answers of the web\n\nEach value of \`web\` is one of these, or a list of them: one for each request, of which the last one stays.\n\n${parameterTable(object({ ...answer, sound: folded(sound) }, {}))}`,
    `## Sounds that a test makes\n\nFor \`makes\` of the caller, and \`sound\` of an answer: one of these, or a list of them, one behind the other.\n\n${parameterTable(PIECE)}`,
    section('What the caller does', { ...actions, makes: folded(makes), together: folded(together) }),
    `## Others who are called\n\nEach value of \`parties\`, by destination as the document has it; \`*\` stands for anything, and the longest that fits answers. \`does\` are lists of what the caller does.\n\n${parameterTable(object({ ...party, early_media: earlyMedia, does: folded(does) }, {}))}`,
    section('What is expected', EXPECTATIONS.node.properties),
  ]
    .join('\n\n')
    .concat('\n');
}

/** In one row; what is in it has a section of its own. */
function folded(schema: Schema): Schema {
  return {
    ...schema,
    node: schema.node.kind === 'array' ? { ...schema.node, items: ANYTHING } : ANYTHING.node,
  };
}

const ANYTHING: Schema = { node: { kind: 'any' }, info: {} };
