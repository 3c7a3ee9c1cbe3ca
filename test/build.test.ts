import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, as everything in scripts/
import { ensureBuild } from '../scripts/build.mjs'

test('the door of schemas is built with its package in it, and says of a value what the source does', async () => {
  const path = join(await ensureBuild(), 'audience', 'schema.js')
  expect(readFileSync(path, 'utf8')).not.toMatch(/(from|import\() ?["']typebox/)
  const [built, source] = [
    await import(pathToFileURL(path).href),
    await import('../audience/schema.ts'),
  ]
  const said = ({ Type, checker }: typeof source) => {
    const schema = Type.Object({ n: Type.Integer({ minimum: 1 }), of: Type.Enum(['a', 'b']) })
    return [{ n: 1, of: 'a' }, { n: 0 }, { n: 2, of: 'c', more: 1 }, null].map(checker(schema))
  }
  expect(said(built)).toEqual(said(source))
  expect(said(built).map((problems) => problems.length > 0)).toEqual([false, true, true, true])
}, 240_000)
