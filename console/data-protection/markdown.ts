import type { DpTable } from './tables.ts'

export const MARKDOWN_TYPE = 'text/markdown; charset=utf-8'

/** A document as Markdown: its title, what is said above, and a table. */
export function markdownOf({ title, intro, columns, rows }: DpTable): string {
  const lines = [
    `# ${title}`,
    ...intro.flatMap((sentence) => ['', sentence]),
    '',
    row(columns.map(({ label }) => label)),
    row(columns.map(() => '---')),
    ...rows.map((one) => row(columns.map(({ key }) => cell(one[key] ?? '')))),
  ]
  return `${lines.join('\n')}\n`
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Names come from partners: nothing in one may end a cell, or be read as markup. */
function cell(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\|`*_{}[\]<>#]/g, '\\$&')
}
