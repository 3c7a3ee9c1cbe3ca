import { readFileSync } from 'node:fs'
import { CliError } from './cli-error.ts'
import type { Io } from './io.ts'

/** The JSON in a file, to the letter: what is sent is what was written. `-` reads stdin. Throws CliError. */
export async function readJson(io: Io, file: string): Promise<string> {
  const text = await readText(io, file)
  try {
    JSON.parse(text)
  } catch (error) {
    throw new CliError(`${file} is not JSON: ${(error as Error).message}`)
  }
  return text
}

/** The text in a file; `-` reads stdin. Throws CliError. */
export async function readText({ stdin }: Io, file: string): Promise<string> {
  try {
    return file === '-' ? await allOf(stdin) : readFileSync(file, 'utf8')
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`)
  }
}

async function allOf(stdin: Io['stdin']): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stdin) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString('utf8')
}
