// The snippets of js-bindings/cli/README.md: the shell lines run, the configuration is one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../js-bindings/cli/dist/config.js';
import { root } from './helpers/command_line.js';

const readme = readFileSync(path.join(root, 'js-bindings/cli/README.md'), 'utf8');
const snippet = (language) =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? '';

test('the shell lines', () => {
  // Inside the checkout, so that `npx reckon` means what it means for a reader.
  mkdirSync(path.join(root, 'build/test'), { recursive: true });
  const folder = mkdtempSync(path.join(root, 'build/test/cli-readme-'));
  try {
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const printed = execFileSync('bash', ['-euo', 'pipefail', '-c', snippet('sh')], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.match(printed, /\{"items":\[\{"item":"butter","rank":1,/);
    assert.match(printed, /shop\.rk: valid snapshot/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the configuration', () => {
  const config = parseConfig(snippet('json'), 'reckon.config.json');
  assert.deepEqual([...config.weights.keys()], ['like', 'see_less']);
  assert.equal(config.settings.length, 2);
});
