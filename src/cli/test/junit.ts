import type { TestResult } from '../../testing/files/run.ts';
import { shortTimeline } from '../../trace/events.ts';
import { describeFailure, type TestRun } from './report.ts';

/** The run in the form that build servers read (JUnit XML: `testsuites` of `testsuite` of `testcase`). */
export function junitReport({ results, broken, tookMs }: TestRun): string {
  const byFile = Map.groupBy(results, ({ test }) => test.file);
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const suites = [...byFile].map(([file, tests]) => suite(file, tests));
  if (broken.length > 0) suites.push(brokenSuite(broken));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${results.length}" failures="${failed}" errors="${broken.length}" time="${time(tookMs)}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(file: string, results: readonly TestResult[]): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const tookMs = results.reduce((sum, result) => sum + result.tookMs, 0);
  return [
    `  <testsuite name="${xmlText(file)}" tests="${results.length}" failures="${failed}" time="${time(tookMs)}">`,
    ...results.map(testcase),
    '  </testsuite>',
  ].join('\n');
}

function testcase({ test, failures, timeline, tookMs }: TestResult): string {
  const head = `    <testcase classname="${xmlText(test.file)}" name="${xmlText(test.name)}" file="${xmlText(test.file)}" line="${test.position.line}" time="${time(tookMs)}"`;
  if (failures.length === 0) return `${head}/>`;
  const [first] = failures;
  const text = failures.map((failure) => describeFailure(test.file, failure)).join('\n\n');
  const story = timeline.length === 0 ? '' : `\n\nThe call:\n${shortTimeline(timeline)}`;
  return [
    `${head}>`,
    `      <failure message="${xmlText(first!.message)}">${xmlText(text + story)}</failure>`,
    '    </testcase>',
  ].join('\n');
}

function brokenSuite(broken: readonly string[]): string {
  return [
    `  <testsuite name="files that cannot be used" tests="${broken.length}" errors="${broken.length}">`,
    ...broken.map((message) => {
      const name = message.split('\n', 1)[0]!;
      return `    <testcase classname="files" name="${xmlText(name)}"><error message="${xmlText(name)}">${xmlText(message)}</error></testcase>`;
    }),
    '  </testsuite>',
  ].join('\n');
}

function time(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Text for XML 1.0, which has no form for most control characters. */
function xmlText(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
