import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { VirtualClock } from '../time/virtual-clock.ts';
import { createLogger, type LoggerOptions, wantsColors } from './line-logger.ts';

const CALL = '7d0c41aa-1111-4222-8333-444455556666';

function capture(options: Partial<LoggerOptions>): {
  logger: ReturnType<typeof createLogger>;
  lines: string[];
} {
  const lines: string[] = [];
  const logger = createLogger({
    format: 'json',
    level: 'debug',
    clock: new VirtualClock(Date.UTC(2026, 0, 1, 12)),
    destination: { write: (line) => lines.push(line) },
    ...options,
  });
  return { logger, lines };
}

describe('logger', () => {
  it('writes one JSON object a line, with the time of its clock, level, call and fields', () => {
    const { logger, lines } = capture({});
    logger.child({ call_id: CALL }).child({ component: 'sip' }).info({ codec: 'PCMU' }, 'call answered');
    assert.equal(lines.length, 1);
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      level: 'info',
      time: '2026-01-01T12:00:00.000Z',
      call_id: CALL,
      component: 'sip',
      codec: 'PCMU',
      msg: 'call answered',
    });
    assert.ok(lines[0]?.endsWith('}\n'));
  });

  it('redacts fields, bindings of children and messages', () => {
    const { logger, lines } = capture({});
    logger.child({ token: 's3cr3t' }).warn({ password: 's3cr3t' }, 'at https://u:s3cr3t@a.test/');
    assert.doesNotMatch(lines.join(''), /s3cr3t/);
  });

  it('drops what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.debug({}, 'a');
    logger.info({}, 'b');
    logger.child({}).info({}, 'c');
    logger.warn({}, 'd');
    logger.error({}, 'e');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      ['d', 'e'],
    );
  });

  it('is pleasant to read in pretty format: short call id, component, message, key=value', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger
      .child({ call_id: CALL, component: 'sip' })
      .info({ codec: 'PCMU', why: 'two words', n: 1 }, 'call answered');
    assert.match(
      lines[0] ?? '',
      /^\d\d:00:00\.000 INFO {2}7d0c41aa sip: call answered {2}codec=PCMU why="two words" n=1\n$/,
    );
    logger.error({}, 'plain');
    assert.match(lines[1] ?? '', /^\S+ ERROR plain\n$/);
  });

  it('shows stacks and causes of errors below the line', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger.error({ err: new Error('boom', { cause: new Error('deep') }), id: 3 }, 'failed');
    const [first, ...rest] = (lines[0] ?? '').split('\n');
    assert.match(first ?? '', /failed {2}id=3$/);
    assert.match(rest.join('\n'), /^ {4}Error: boom\n {8}at [\s\S]*caused by\n {4}Error: deep\n/);
  });

  it('lets no logged text move the cursor or fake a line', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger
      .child({ call_id: '\u001b[2J', component: 'a\rb' })
      .info({ 'k\n': '\u001b]0;x\u0007', v: 'a\nb\u009b' }, 'x\ny');
    assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(lines[0]?.slice(0, -1) ?? '', /[\u0000-\u001f\u007f-\u009f]/);
  });

  it('colours the same text, when asked to', () => {
    const plain = capture({ format: 'pretty', colors: false });
    const colored = capture({ format: 'pretty', colors: true });
    for (const { logger } of [plain, colored])
      logger.child({ call_id: CALL, component: 'x' }).warn({ a: 1 }, 'm');
    assert.notEqual(colored.lines[0], plain.lines[0]);
    assert.equal(stripVTControlCharacters(colored.lines[0] ?? ''), plain.lines[0]);
  });

  it('colours only a terminal whose user did not decline', () => {
    const terminal = (): boolean => true;
    assert.equal(wantsColors(1, {}, terminal), true);
    assert.equal(wantsColors(1, { NO_COLOR: '' }, terminal), true);
    assert.equal(wantsColors(1, { NO_COLOR: '1' }, terminal), false);
    assert.equal(wantsColors(1, { TERM: 'dumb' }, terminal), false);
    assert.equal(
      wantsColors(1, {}, () => false),
      false,
    );
    assert.equal(wantsColors('/tmp/x.log', {}, terminal), false);
  });

  it('writes to a file, making its folder, and has it all there after a flush', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'openswml-log-'));
    const file = path.join(folder, 'deep', 'x.log');
    const { logger } = capture({ destination: file });
    for (let index = 0; index < 1000; index++) logger.info({ index }, 'line');
    await logger.flush();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).index),
      Array.from({ length: 1000 }, (_, index) => index),
    );
    await rm(folder, { recursive: true });
  });
});
