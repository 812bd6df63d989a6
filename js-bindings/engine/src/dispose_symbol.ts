/** Hosts without the symbol (older browsers) get one of the same name, so that the class can exist. */
export const disposeSymbol: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);
