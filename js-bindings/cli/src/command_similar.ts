// reckon similar: the items most like one.
import type { Command } from './command.js';
import { COUNT, parseCount, printAnswer } from './command_recommend.js';
import { Refusal, quote } from './failures.js';
import { HELP, JSON_OUTPUT, parseOptions, positionals } from './options.js';
import { itemJson } from './recommendation_text.js';
import { openSnapshot } from './snapshot_file.js';
import { printJson } from './terminal.js';

export const similarCommand: Command = {
  name: 'similar',
  usage: ['similar <snapshot> <item> [-n 20] [--json]'],
  summary: 'the items most like one item',
  help: `-n N     how many, default 20
--json   one document: {"items": [{"item", "rank", "score", "sources"}], "unknown": []}
An item that begins with "-" is given after "--".`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, {
      ...HELP,
      ...JSON_OUTPUT,
      ...COUNT,
    });
    const [snapshot = '', item = ''] = positionals(given, '<snapshot>', '<item>');
    const count = parseCount(values.n);
    const engine = await openSnapshot(snapshot);
    if (!engine.has(item))
      throw new Refusal({ file: snapshot }, `no item has the id ${quote(item)}`);
    const answer = { items: engine.similar(item, { count }).map(itemJson), unknown: [] };
    if (values.json) printJson(answer);
    else printAnswer(answer, engine);
    engine.dispose();
  },
};
