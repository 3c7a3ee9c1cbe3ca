import type { Readable, Writable } from 'node:stream'

/** What the command line reads and writes, so that tests can be in its place. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>
  stdin: Readable
  stdout: Writable
  /** A bar is drawn where this is a terminal. */
  stderr: Writable & { isTTY?: boolean }
}

/** JSON for eyes. */
export function printJson({ stdout }: Io, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** One JSON value a line, for tools. */
export function printLine({ stdout }: Io, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`)
}
