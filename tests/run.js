// Runs everything the Makefile built and ends with counts: C test programs under each sanitizer build,
// fuzz corpora, then `node --test`, as many at a time as there are cores. A program that reports no test is a
// failure; a skipped test is named.
//
//   node tests/run.js C_PROGRAM... -- JS_TEST_FILE...
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const split = process.argv.indexOf('--');
const programs = process.argv.slice(2, split);
const files = process.argv.slice(split + 1);
const total = { passed: 0, failed: 0, skipped: 0 };

function count(line, error, output, seconds) {
  const counted = (pattern) => Number(pattern.exec(output)?.[1] ?? 0);
  const passed = counted(/\[  PASSED  \] (\d+) test/) || counted(/(\d+) inputs? replayed/);
  const failed = counted(/\[  FAILED  \] (\d+) test/);
  const skipped = counted(/\[  SKIPPED \] (\d+) test/);
  const ok = !error && passed > 0 && failed === 0;
  total.passed += passed;
  total.skipped += skipped;
  total.failed += ok ? 0 : Math.max(failed, 1);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${line}: ${passed} in ${seconds.toFixed(1)} s`);
  if (!ok) console.log(error?.message ?? '', output);
  else if (skipped)
    console.log(
      output
        .split('\n')
        .filter((text) => /SKIPPED/.test(text))
        .join('\n'),
    );
}

function runProgram(line) {
  const [program, ...args] = line.split(' ');
  const begun = Date.now();
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      count(line, error, stdout + stderr, (Date.now() - begun) / 1000);
      resolve();
    });
  });
}

async function runPrograms(lines) {
  const left = lines.values(); // shared: each runner takes the next
  const runner = async () => {
    for (const line of left) await runProgram(line);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runner));
}

await runPrograms(programs);

const stream = run({ files, concurrency: availableParallelism(), timeout: 600_000 });
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
