// Layers point one way: base <- simd <- format <- model <- serve <- learn <- tools.
// Checked twice: by the includes of every file, and by the symbols its object needs.
//
//   node tests/check_layers.js OBJECT_DIR        (objects of a native build)
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const LAYERS = ['base', 'simd', 'format', 'model', 'serve', 'learn', 'tools'];
// Headers of the public API, by the layer that implements them.
const PUBLIC = { 'reckon.h': 'serve', 'reckon_learn.h': 'learn' };
// What the runtime may take from libc: no allocation, no I/O, no mathematics.
const RUNTIME_LIBC = new Set([
  'memcpy', 'memmove', 'memset', 'memcmp', 'bcmp', 'strlen', 'strcmp', '__assert_fail', '__cpu_model',
  '__cpu_indicator_init', '_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail',
]); // prettier-ignore
const RUNTIME = LAYERS.slice(0, LAYERS.indexOf('learn'));

const objects = process.argv[2];
const problems = [];
let includes = 0;
let symbols = 0;

const depth = (layer) => LAYERS.indexOf(layer);

for (const layer of LAYERS) {
  for (const file of readdirSync(`src/${layer}`).filter((name) => /\.[ch]$/.test(name))) {
    const text = readFileSync(`src/${layer}/${file}`, 'utf8');
    for (const [, header] of text.matchAll(/^#include "([^"]+)"/gm)) {
      includes += 1;
      const target = PUBLIC[header] ?? header.split('/')[0];
      if (depth(target) < 0) problems.push(`src/${layer}/${file} includes ${header}: no layer`);
      else if (depth(target) > depth(layer)) {
        problems.push(`src/${layer}/${file} (${layer}) includes ${header} (${target}): upward`);
      }
      if (/^source_/.test(file) && /^serve\/source_/.test(header)) {
        problems.push(`src/${layer}/${file} includes ${header}: sources do not see each other`);
      }
    }
  }
}

// "Tree-wide unique" file names, of code.
const names = new Map();
for (const layer of LAYERS) {
  for (const file of readdirSync(`src/${layer}`)) {
    if (names.has(file))
      problems.push(`src/${layer}/${file} has the name of src/${names.get(file)}/${file}`);
    names.set(file, layer);
  }
}

const definedIn = new Map();
const needs = [];
for (const layer of LAYERS) {
  for (const file of readdirSync(`${objects}/${layer}`).filter((name) => name.endsWith('.o'))) {
    const listing = execFileSync('nm', ['-P', `${objects}/${layer}/${file}`], { encoding: 'utf8' });
    for (const line of listing.trim().split('\n')) {
      const [symbol, kind] = line.split(' ');
      if (kind === 'U') needs.push({ layer, file, symbol });
      else if (/[A-Z]/.test(kind)) definedIn.set(symbol, layer);
    }
  }
}
for (const { layer, file, symbol } of needs) {
  symbols += 1;
  const target = definedIn.get(symbol);
  if (target !== undefined) {
    if (depth(target) > depth(layer))
      problems.push(`${layer}/${file} needs ${symbol} of ${target}: upward`);
  } else if (RUNTIME.includes(layer) && !RUNTIME_LIBC.has(symbol)) {
    problems.push(`${layer}/${file} needs ${symbol}, which the runtime must not use`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`layers: ${includes} includes, ${symbols} symbols, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
