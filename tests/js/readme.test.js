// Every snippet of the top README runs as it stands: the shell lines, then the JavaScript on what they built.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

test('README.md: own data in five lines, then the JavaScript example', () => {
  const readme = readFileSync(path('README.md'), 'utf8');
  const [, shell] = /```sh\n([\s\S]*?)```/.exec(readme);
  const [, script] = /```js\n([\s\S]*?)```/.exec(readme);
  assert.equal(shell.trim().split('\n').length, 5);
  assert.ok(script.trim().split('\n').length <= 15);

  // Inside the checkout, so that `npx reckon` and `import 'reckon'` mean what they mean for a reader.
  mkdirSync(path('build/test'), { recursive: true });
  const folder = mkdtempSync(path('build/test/readme-'));
  try {
    symlinkSync(path('node_modules'), join(folder, 'node_modules'));
    const printed = execFileSync('bash', ['-euo', 'pipefail', '-c', shell], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.match(printed, /1 +(butter|jam) .*bread/);
    assert.match(printed, /1 +milk/);
    assert.match(printed, /leave-one-out, \d+ cases/);

    writeFileSync(join(folder, 'example.mjs'), script);
    const answer = execFileSync(process.execPath, ['example.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.match(answer, /^1 (butter|jam) \d+\.\d\d .*similar #\d.* because you picked bread\n/);
    assert.match(answer, /\nmilk\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
