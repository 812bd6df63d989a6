// What a command is, for the program that chooses one.

export interface Command {
  readonly name: string;
  /** One line each, without "usage: ". */
  readonly usage: readonly string[];
  readonly summary: string;
  readonly help: string;
  /** Refusals and usage errors are thrown. `--help` is not seen here. */
  run(args: readonly string[]): Promise<void>;
}
