// The command `reckon`: chooses a command, and turns failures into one line and an exit status.
//   0 done   1 refused (file, row, column or section, reason)   2 usage
import { createRequire } from 'node:module';
import { ReckonError } from 'reckon';
import type { Command } from './command.js';
import { buildCommand } from './command_build.js';
import { evaluateCommand } from './command_evaluate.js';
import { inspectCommand } from './command_inspect.js';
import { offPolicyCommand } from './command_off_policy.js';
import { recommendCommand } from './command_recommend.js';
import { similarCommand } from './command_similar.js';
import { transferCommand } from './command_transfer.js';
import { tuneCommand } from './command_tune.js';
import { verifyCommand } from './command_verify.js';
import { Refusal, UsageError, oneLine, quote } from './failures.js';
import { printOut, tolerateClosedPipes } from './terminal.js';
import { cleanUpAtExit } from './work_files.js';

const COMMANDS: readonly Command[] = [
  buildCommand,
  recommendCommand,
  similarCommand,
  evaluateCommand,
  transferCommand,
  tuneCommand,
  offPolicyCommand,
  inspectCommand,
  verifyCommand,
];

const REFUSED = 1;
const USAGE = 2;

const SHORT_USAGE = `usage: reckon ${COMMANDS.map(({ name }) => name).join('|')} …   (reckon --help)`;

function usageText({ usage }: Command): string {
  return usage
    .map(
      (line, l) =>
        `${l === 0 ? 'usage:' : '      '} ${line.startsWith(' ') ? '' : 'reckon '}${line}`,
    )
    .join('\n');
}

function overview(): string {
  const commands = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join(
    '\n',
  );
  return `reckon: recommendations from one snapshot file

${commands}

reckon COMMAND --help says more; reckon --version.`;
}

function version(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return version;
}

function chooseCommand(name: string | undefined): Command {
  if (name === undefined) throw new UsageError('a command is missing');
  const command = COMMANDS.find((command) => command.name === name);
  if (command) return command;
  throw new UsageError(
    `${quote(name)} is no command; there are ${COMMANDS.map(({ name }) => name).join(', ')}`,
  );
}

/** Whether help is asked for; what follows `--` are arguments. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args
    .slice(0, end === -1 ? args.length : end)
    .some((arg) => arg === '--help' || arg === '-h');
}

async function run([name, ...args]: readonly string[]): Promise<void> {
  if (name === '--version' || name === '-V') return printOut(version());
  if (name === '--help' || name === '-h' || name === 'help') return printOut(overview());
  const command = chooseCommand(name);
  if (wantsHelp(args))
    return printOut(`${usageText(command)}\n\n${command.summary}\n\n${command.help}`);
  await command.run(args);
}

function report(failure: unknown, name: string | undefined): number {
  const say = (text: string): void =>
    void process.stderr.write(`reckon: error: ${oneLine(text)}\n`);
  if (failure instanceof UsageError) {
    say(failure.message);
    const command = COMMANDS.find((command) => command.name === name);
    process.stderr.write(`${command ? usageText(command) : SHORT_USAGE}\n`);
    return USAGE;
  }
  if (failure instanceof Refusal || failure instanceof ReckonError) say(failure.message);
  else {
    // Nothing the input should be able to do: the trace is for whoever is told about it.
    say(failure instanceof Error ? failure.message : String(failure));
    if (process.env['RECKON_DEBUG'] && failure instanceof Error)
      process.stderr.write(`${failure.stack}\n`);
  }
  return REFUSED;
}

tolerateClosedPipes();
cleanUpAtExit();
const args = process.argv.slice(2);
try {
  await run(args);
} catch (failure) {
  process.exitCode = report(failure, args[0]);
}
