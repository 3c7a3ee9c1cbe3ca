/** Why a command failed, and what to do next. */
export class CliError extends Error {
  readonly hints: readonly string[]

  constructor(message: string, hints: readonly string[] = []) {
    super(message)
    this.hints = hints
  }
}

/** The error as lines for eyes. */
export function linesOf(error: unknown): string[] {
  if (error instanceof CliError) return [error.message, ...error.hints]
  return [error instanceof Error ? error.message : String(error)]
}
