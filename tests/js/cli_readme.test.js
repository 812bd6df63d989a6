// The snippets of js-bindings/cli/README.md: the shell lines run, the configuration is one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../js-bindings/cli/dist/config.js';
import { root } from './helpers/command_line.js';

const readme = readFileSync(path.join(root, 'js-bindings/cli/README.md'), 'utf8');
/** All snippets of a language, one after the other. */
const snippets = (language) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))]
    .map(([, text]) => text)
    .join('');

test('the shell lines', () => {
  // Inside the checkout, so that `npx reckon` means what it means for a reader.
  mkdirSync(path.join(root, 'build/test'), { recursive: true });
  const folder = mkdtempSync(path.join(root, 'build/test/cli-readme-'));
  try {
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const printed = execFileSync('bash', ['-euo', 'pipefail', '-c', snippets('sh')], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.match(printed, /\{"items":\[\{"item":"butter","rank":1,/);
    assert.match(printed, /shop\.rk: valid snapshot/);
    const ruled = printed.slice(printed.search(/^# +item .* rules$/m));
    assert.match(ruled, /^# .*\n1 +milk .* launch\n/);
    assert.doesNotMatch(ruled, /^\d+ +jam /m);
    assert.match(ruled, /\n\d+ candidates \(.*\) → .*\d\n/);
    assert.match(printed, /goods\.rk: region default, 5 items, 9 events/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the configuration', () => {
  const config = parseConfig(snippets('json'), 'reckon.config.json');
  assert.deepEqual([...config.weights.keys()], ['like', 'see_less']);
  assert.equal(config.settings.length, 2);
  assert.deepEqual(config.map.attributes.get('genre'), { column: 'genres', kind: 'tags' });
  assert.equal(config.map.features.get('country'), 'country');
});
