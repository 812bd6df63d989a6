// node check_module.js reckon.wasm exports.txt size_budget.txt
// The module's real exports are exactly the listed ones, it imports nothing, and it fits its budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const [modulePath, exportsPath, budgetPath] = process.argv.slice(2);
const bytes = readFileSync(modulePath);
const module = new WebAssembly.Module(bytes);
const problems = [];

const listed = readFileSync(exportsPath, 'utf8').trim().split('\n');
const real = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`);
if (listed.some((line, i) => i > 0 && !(listed[i - 1] < line))) {
  problems.push(`${exportsPath} is not sorted`);
}
for (const line of real.filter((line) => !listed.includes(line))) {
  problems.push(`exported but not in ${exportsPath}: ${line}`);
}
for (const line of listed.filter((line) => !real.includes(line))) {
  problems.push(`in ${exportsPath} but not exported: ${line}`);
}
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  problems.push(`imports ${from}.${name}; the module must import nothing`);
}

const size = gzipSync(bytes, { level: 9 }).length;
const budget = Number(readFileSync(budgetPath, 'utf8'));
if (!(size <= budget)) problems.push(`${size} bytes gzipped, the budget is ${budget}`);

for (const problem of problems) console.error(`${modulePath}: ${problem}`);
if (problems.length === 0) {
  console.log(
    `${modulePath}: ${bytes.length} bytes, ${size} gzipped of ${budget}; ${real.length} exports, no imports`,
  );
}
process.exitCode = problems.length === 0 ? 0 : 1;
