import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const BEGIN = '<!-- bench: written by `npm run bench` -->'
const END = '<!-- /bench -->'

/** Puts the latest table between the two marks in README.md of the working folder. */
export function writeReadme(lines: readonly string[]): void {
  if (!existsSync('README.md')) return
  const readme = readFileSync('README.md', 'utf8')
  const from = readme.indexOf(BEGIN)
  const to = readme.indexOf(END)
  if (from === -1 || to < from) throw new Error('README.md has lost its bench marks')
  const table = [BEGIN, '', ...lines, '', ''].join('\n')
  writeFileSync('README.md', readme.slice(0, from) + table + readme.slice(to))
}
