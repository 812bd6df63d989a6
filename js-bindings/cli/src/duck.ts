// DuckDB in memory, for one command. It reads every format and does what needs sorting, grouping and
// joining; what comes out is numbers, in row order. Spills to a folder of our own, bounded by memory.
import { availableParallelism, totalmem } from 'node:os';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';

export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const MOST_MEMORY_MB = 800;

export class Duck {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(spillFolder: string): Promise<Duck> {
    const memory = Math.min(MOST_MEMORY_MB, Math.floor(totalmem() / 2e6));
    // Loaded here: commands that read no data start in a third of the time.
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(availableParallelism()),
      memory_limit: `${memory}MB`,
      temp_directory: spillFolder,
      preserve_insertion_order: 'true',
    });
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'`);
    return new Duck(instance, connection);
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  async rows(sql: string): Promise<DuckDBValue[][]> {
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }

  /** The one row of an aggregate, as numbers; NULL is null. */
  async numbers(sql: string): Promise<(number | null)[]> {
    const [row = []] = await this.rows(sql);
    return row.map((value) => (value === null ? null : Number(value)));
  }

  /** Names and types of a query's columns. */
  async describe(query: string): Promise<{ name: string; type: string }[]> {
    const rows = await this.rows(`DESCRIBE ${query}`);
    return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
  }

  /** Every row of a query in turn, without keeping the result. */
  async forEach(sql: string, visit: (row: readonly DuckDBValue[]) => void): Promise<void> {
    await this.#chunks(sql, (columns, size) => {
      for (let r = 0; r < size; r++) visit(columns.map((valueAt) => valueAt(r)));
    });
  }

  /** Every row of numeric columns in turn. The array is reused: take what is in it. */
  async forEachNumbers(sql: string, visit: (row: Float64Array) => void): Promise<void> {
    let row = new Float64Array(0);
    await this.#chunks(sql, (columns, size) => {
      if (row.length !== columns.length) row = new Float64Array(columns.length);
      for (let r = 0; r < size; r++) {
        columns.forEach((valueAt, c) => (row[c] = Number(valueAt(r))));
        visit(row);
      }
    });
  }

  async #chunks(
    sql: string,
    visit: (columns: ((row: number) => DuckDBValue)[], size: number) => void,
  ): Promise<void> {
    const result = await this.#connection.stream(sql);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      const columns = Array.from({ length: chunk.columnCount }, (_, c) => {
        const vector = chunk.getColumnVector(c);
        return (row: number): DuckDBValue => vector.getItem(row);
      });
      visit(columns, chunk.rowCount);
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** The first line of what DuckDB says, without its class ("Binder Error: "). */
export function duckReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [first = ''] = message.split('\n', 1);
  return first.replace(/^(\w+ )*Error: /, '').trim();
}
