// Runs everything the Makefile built and ends with counts: C test programs under each sanitizer build,
// fuzz corpora, then `node --test`. A program that reports no test is a failure; a skipped test is named.
//
//   node tests/run.js C_PROGRAM... -- JS_TEST_FILE...
import { spawnSync } from 'node:child_process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const split = process.argv.indexOf('--');
const programs = process.argv.slice(2, split);
const files = process.argv.slice(split + 1);
const total = { passed: 0, failed: 0, skipped: 0 };

function runProgram(line) {
  const [program, ...args] = line.split(' ');
  const begun = Date.now();
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  const output = result.stdout + result.stderr;
  const passed = Number(
    /\[  PASSED  \] (\d+) test/.exec(output)?.[1] ??
      /(\d+) inputs? replayed/.exec(output)?.[1] ??
      0,
  );
  const failed = Number(/\[  FAILED  \] (\d+) test/.exec(output)?.[1] ?? 0);
  const skipped = Number(/\[  SKIPPED \] (\d+) test/.exec(output)?.[1] ?? 0);
  const ok = result.status === 0 && passed > 0 && failed === 0;
  total.passed += passed;
  total.skipped += skipped;
  total.failed += ok ? 0 : Math.max(failed, 1);
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${line}: ${passed} in ${((Date.now() - begun) / 1000).toFixed(1)} s`,
  );
  if (skipped)
    console.log(
      output
        .split('\n')
        .filter((text) => /SKIPPED/.test(text))
        .join('\n'),
    );
  if (!ok) console.log(output);
}

for (const program of programs) runProgram(program);

const stream = run({ files, concurrency: 1, timeout: 600_000 });
const skips = [];
const isSuite = (data) => data.details?.type === 'suite';
stream.on('test:pass', (data) => {
  if (isSuite(data)) return;
  if (data.skip !== undefined && data.skip !== false) skips.push(`${data.name}: ${data.skip}`);
  else total.passed += 1;
});
stream.on('test:fail', (data) => {
  if (!isSuite(data)) total.failed += 1;
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  total.skipped += skips.length;
  for (const skip of skips) console.log(`skipped: ${skip}`);
  // The summary the tests' readers look for, alone on its line, after the reporter has flushed.
  process.on('exit', () => {
    console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  });
  process.exitCode = total.failed ? 1 : 0;
});
