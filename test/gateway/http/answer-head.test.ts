import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AnswerHead } from '../../../gateway/http/answer-head.ts'
import { request } from './raw-client.ts'

const KEEP_ALIVE_MS = 65_000
const DATE = Date.UTC(2026, 10, 27, 8, 5, 9)
const clock = { now: () => DATE, elapsed: () => 0 }

/** What node:http is to answer with. */
let wanted: { status: number; headers: string[] }
const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (_req, res) => {
  res.writeHead(wanted.status, [...wanted.headers, 'content-length', '2']).end('{}')
})
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const value = fc.stringMatching(/^([!-~]([ -~]{0,40}[!-~])?)?$/)
const header = fc.tuple(fc.constantFrom('vary', 'set-cookie', 'x-passerelle-reason'), value)
const answers = fc.record({
  status: fc.constantFrom(200, 201, 400, 401, 404, 451, 500, 503),
  headers: fc.array(header, { maxLength: 9 }).map((pairs) => pairs.flat()),
})

test('a head is the very bytes that node:http writes', async () => {
  const head = new AnswerHead(clock, KEEP_ALIVE_MS)
  const property = fc.asyncProperty(answers, async (answer) => {
    wanted = answer
    const theirs = await answerOf(request({ path: '/' }))
    const ours = `${head.of(answer.status, answer.headers, 2)}{}`
    expect(ours).toBe(theirs.replace(/\r\nDate: [^\r]+/, '\r\nDate: Fri, 27 Nov 2026 08:05:09 GMT'))
  })
  await fc.assert(property, { numRuns: 100 })
})

test.each(['a\r\nset-cookie: b', 'a\nb', 'a\0', 'Ċset-cookie: b', '\x7f'])(
  'no header carries what would end its line, nor what is cut to that: %j',
  (text) => {
    const head = new AnswerHead(clock, KEEP_ALIVE_MS)
    expect(() => head.of(200, ['x-one', text], 0)).toThrow('header "x-one" carries a character')
    expect(() => head.of(200, [text, 'one'], 0)).toThrow('carries a character')
  },
)

test('the date goes with the clock', () => {
  let nowMs = DATE
  const head = new AnswerHead({ ...clock, now: () => nowMs }, KEEP_ALIVE_MS)
  expect(head.of(200, [], 0)).toContain('Date: Fri, 27 Nov 2026 08:05:09 GMT\r\n')
  nowMs += 1_000
  expect(head.of(200, [], 0)).toContain('Date: Fri, 27 Nov 2026 08:05:10 GMT\r\n')
})

/** All that comes back on a connection of its own, up to the end of a body of two bytes. */
async function answerOf(asked: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(asked)
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    if (text.endsWith('\r\n\r\n{}')) break
  }
  return text
}
