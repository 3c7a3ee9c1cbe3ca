import { CliError } from './cli-error.ts'

/** An option's value as a number; refuses what is none. */
export function wholeNumber(option: string, text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new CliError(`${option} ${text} is no whole number`)
  return Number(text)
}
