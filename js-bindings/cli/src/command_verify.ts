// reckon verify: proves a file whole and every bound in it, as an engine does before it answers.
import type { Command } from './command.js';
import { HELP, JSON_OUTPUT, parseOptions, positionals } from './options.js';
import { openFileInfo, openSnapshot } from './snapshot_file.js';
import { count, printJson, printOut } from './terminal.js';
import { findTrainer, runTrainer } from './trainer.js';

export const verifyCommand: Command = {
  name: 'verify',
  usage: ['verify <file> [--json]'],
  summary: 'check every byte of a snapshot, an events file or a delta',
  help: `Exit status 0: valid; 1: not, with the section, the offset and the reason.
--json   one JSON document on stdout`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, { ...HELP, ...JSON_OUTPUT });
    const [file = ''] = positionals(given, '<file>');
    const { kind, bytes, id } = await openFileInfo(file);
    // What only each kind's own reader knows of its sections.
    if (kind === 'snapshot') (await openSnapshot(file)).dispose();
    if (kind === 'events' || kind === 'delta')
      await runTrainer(findTrainer(), ['verify', { file }], file);
    if (values.json) printJson({ file, valid: true, kind, bytes, id });
    else printOut(`${file}: valid ${kind}, ${count(bytes)} bytes, content id ${id}`);
  },
};
