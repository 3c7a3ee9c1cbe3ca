import { once } from 'node:events'
import http from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Door, DoorOptions } from '../../../gateway/http/door.ts'
import type { DoorLimits } from '../../../gateway/limits.ts'
import { type Bench, openBench, turn, UNCOPIED_BYTES } from './door-bench.ts'
import { framingProbes } from './framing-probes.ts'
import { RawClient, request } from './raw-client.ts'

const JSON_TYPE = ['content-type', 'application/json'] as const
/** Looked at often. How long a body or an answer may take is as it is: a busy machine must not look like a slow client. */
const LIMITS: Partial<DoorLimits> = { sweepMs: 10, drainQuietMs: 30 }

/** What every door must do, whoever serves it. */
export function doorConformance(
  name: string,
  open: (options: DoorOptions) => Promise<Door | undefined>,
): void {
  describe(name, () => {
    let bench: Bench
    beforeEach(async () => {
      bench = await openBench(open, LIMITS)
    })
    afterEach(async () => {
      await bench.door.close(0)
      for (const client of bench.clients) client.close()
    })

    const ask = async (bytes: string) => {
      const client = await bench.connect()
      await client.write(bytes)
      return await client.answer()
    }

    describe('an honest request', () => {
      test('may send a header in several lines, which mean the same as one', async () => {
        const headers = ['X-One: 1', 'x-other: 2', 'x-one: 3']
        const answer = await ask(request({ path: '/seen/x', headers, body: '' }))
        expect(JSON.parse(answer!.body).headers).toEqual(['1, 3', ''])
      })

      test('is answered with its own body, wanted headers and query', async () => {
        const answer = await ask(
          request({ path: '/seen/x?gzip=1&b=', headers: ['X-One: 1', 'x-other: 2'], body: 'é' }),
        )
        expect(answer?.status).toBe(200)
        expect(JSON.parse(answer!.body)).toEqual({
          method: 'POST',
          path: '/seen/x',
          query: 'gzip=1&b=',
          headers: ['1', ''],
          body: 'é',
          remote: '127.0.0.1',
        })
        expect(answer?.headers['content-type']).toBe('application/json')
      })

      test('gives the same answer when cut in two at any offset', async () => {
        const bytes = request({ body: '{"id":"1","imp":[{"id":"1"}]}' })
        const whole = await ask(bytes)
        for (let at = 1; at < bytes.length; at++) {
          const client = await bench.connect()
          await client.write(bytes.slice(0, at))
          await turn()
          await client.write(bytes.slice(at))
          expect(await client.answer(), `cut at ${at}`).toEqual(whole)
          client.close()
        }
      })

      test('gives the same answer byte by byte', async () => {
        const client = await bench.connect()
        for (const byte of request({ body: '{"id":"1"}' })) {
          await client.write(byte)
          await turn()
        }
        expect((await client.answer())?.body).toBe('{"id":"1"}')
      })

      test('may carry a body of exactly the limit, in many pieces', async () => {
        const body = 'x'.repeat(200_000)
        const client = await bench.connect()
        const bytes = request({ body })
        for (let at = 0; at < bytes.length; at += 7919)
          await client.write(bytes.slice(at, at + 7919))
        expect((await client.answer())?.body).toBe(body)
      })

      test('may be pipelined: both are answered, in order', async () => {
        const client = await bench.connect()
        await client.write(request({ body: 'one' }) + request({ body: 'two' }))
        expect((await client.answer())?.body).toBe('one')
        expect((await client.answer())?.body).toBe('two')
      })

      test('gets its own answer where the bytes are not copied and are used again', async () => {
        const letters = ['a', 'b', 'c', 'd']
        const clients = await Promise.all(letters.map(() => bench.connect()))
        const asked = clients.map(async (client, i) => {
          await client.write(request({ path: '/uncopied', body: letters[i]! }))
          return (await client.answer())!.body
        })
        const bodies = await Promise.all(asked)
        const same = letters.map((letter) => letter.repeat(UNCOPIED_BYTES))
        expect(bodies.map((body, i) => body === same[i])).toEqual(letters.map(() => true))
      })

      test('may have no body at all, or one that nobody wants', async () => {
        expect((await ask(request({ method: 'GET', path: '/hello' })))?.body).toBe('hello')
        expect((await ask(request({ path: '/hello-post', body: 'ignored' })))?.body).toBe('0 bytes')
      })

      test('may come a hundred at once', async () => {
        const bodies = Array.from({ length: 100 }, (_, i) => `body ${i}`)
        const answers = await Promise.all(bodies.map((body) => ask(request({ body }))))
        expect(answers.map((answer) => answer?.body)).toEqual(bodies)
      })

      test('leaves nothing of itself to the next one on the door', async () => {
        await ask(request({ path: '/seen/a?q', headers: ['X-One: secret'], body: 'secret' }))
        const next = await ask(request({ path: '/seen/a' }))
        expect(JSON.parse(next!.body)).toMatchObject({ query: '', headers: ['', ''], body: '' })
      })
    })

    describe('what no route takes', () => {
      test('an unknown path is 404 with the reason', async () => {
        const answer = await ask(request({ path: '/nowhere', body: 'thrown away' }))
        expect(answer).toMatchObject({ status: 404, body: '' })
        expect(answer?.headers['x-passerelle-reason']).toBe('unknown_path')
        expect(bench.refused).toEqual(['unknown_path'])
      })

      test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])(
        '%s on a POST path is 405',
        async (method) => {
          const answer = await ask(request({ method, path: '/echo' }))
          expect(answer).toMatchObject({ status: 405, body: '' })
          expect(answer?.headers['allow']).toBe('POST')
          expect(bench.refused).toEqual(['wrong_method'])
        },
      )

      test('a path is taken exactly as it is written', async () => {
        for (const path of ['/Echo', '/echo/', '//echo', '/ech%6f', '/echo/x', '/'])
          expect((await ask(request({ path })))?.status, path).toBe(404)
      })
    })

    describe('ambiguous framing', () => {
      const hidden = request({ path: '/hidden', body: 'hidden' })

      test.each(Object.entries(framingProbes(hidden)))('%s: nothing runs', async (_name, probe) => {
        const client = await bench.connect()
        await client.write(probe + hidden)
        client.socket.end()
        const answers = await client.answersUntilClosed()
        expect(answers).toEqual([])
        expect(bench.ran).toEqual([])
      })

      test('a head that closes the connection also closes it for what comes later', async () => {
        const client = await bench.connect()
        await client.write('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
        await once(client.socket, 'close')
        expect(bench.refused).toEqual(['ambiguous_framing'])
        expect(bench.ran).toEqual([])
      })

      test('an unknown path is guarded like a known one', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/no', headers: ['Content-Length: 0'] }) + hidden)
        expect(await client.answersUntilClosed()).toEqual([])
        expect(bench.ran).toEqual([])
      })
    })

    describe('bounds', () => {
      test('more than 64 headers: closed without an answer', async () => {
        const headers = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`)
        expect((await ask(request({ headers: headers(40) })))?.status).toBe(200)
        const client = await bench.connect()
        await client.write(request({ headers: headers(63) }))
        client.socket.end() // uWebSockets.js itself would sit on so many for 10 s.
        expect(await client.answersUntilClosed()).toEqual([])
        expect(bench.ran).toEqual(['/echo'])
      })

      test('more than 8 KiB of headers: closed without an answer', async () => {
        expect(await ask(request({ headers: [`Cookie: ${'c'.repeat(9000)}`] }))).toBeUndefined()
        expect(bench.refused).toEqual(['too_many_headers'])
      })

      test('more than 8 KiB of query: closed without an answer', async () => {
        expect(await ask(request({ path: `/echo?${'q'.repeat(9000)}` }))).toBeUndefined()
        expect(bench.refused).toEqual(['too_many_headers'])
      })

      test('a body over the limit is 413 that its sender can read, then closed', async () => {
        const client = await bench.connect()
        await client.write(request({ body: 'x'.repeat(300_000) }))
        const answer = await client.answer()
        expect(answer).toMatchObject({ status: 413, body: '' })
        expect(answer?.headers['x-passerelle-reason']).toBe('too_large')
        expect(answer?.headers['connection']).toBe('close')
        expect(await client.answer()).toBeUndefined()
        expect(bench.ran).toEqual([])
        expect(bench.refused).toEqual(['too_large'])
      })

      test('a route may say more of a body over its limit', async () => {
        const answer = await ask(request({ path: '/small', body: 'longer' }))
        expect(answer).toMatchObject({ status: 413, body: '{"most":3}' })
        expect(answer?.headers['content-type']).toBe('application/json')
        expect((await ask(request({ path: '/small', body: 'abc' })))?.body).toBe('abc')
      })

      test('a body declared far over the limit is 413 before it is sent', async () => {
        const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n'
        expect((await ask(head))?.status).toBe(413)
        expect(bench.ran).toEqual([])
      })

      test('a body that does not come in time is cut off', async () => {
        const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n'
        expect(await bench.clock.hurried(ask(head))).toBeUndefined()
        expect(await bench.clock.hurried(ask(`${head}12345`))).toBeUndefined()
        expect(bench.refused).toEqual(['slow_body', 'slow_body'])
        expect(bench.ran).toEqual([])
      })
    })

    describe('a handler', () => {
      test('may answer later, with the body it kept', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/later', body: 'kept' }))
        const { ask, answer } = await bench.later()
        answer.send(200, JSON_TYPE, ask.body)
        expect((await client.answer())?.body).toBe('kept')
      })

      test('may answer two clients later in the other order', async () => {
        const [a, b] = [await bench.connect(), await bench.connect()]
        await a.write(request({ path: '/later', body: 'a' }))
        const first = await bench.later()
        await b.write(request({ path: '/later', body: 'b' }))
        const second = await bench.later()
        second.answer.send(200, [], second.ask.body)
        first.answer.send(200, [], first.ask.body)
        expect((await b.answer())?.body).toBe('b')
        expect((await a.answer())?.body).toBe('a')
      })

      test('answers once: what it sends afterwards is a no-op', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/twice' }) + request({ body: 'next' }))
        expect((await client.answer())?.body).toBe('first')
        expect((await client.answer())?.body).toBe('next')
      })

      test('is told once when its client goes away, and may still try to answer', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/later', body: 'x' }))
        const { answer } = await bench.later()
        let told = 0
        const gone = new Promise<void>((resolve) => answer.onAbort(() => resolve(void told++)))
        client.close()
        await gone
        expect(answer.done).toBe(true)
        answer.send(200, JSON_TYPE, 'nobody')
        expect(told).toBe(1)
        expect(bench.refused).toEqual(['aborted'])
      })

      test('is never told of an abort after its answer', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/later' }))
        const { answer } = await bench.later()
        let told = 0
        answer.onAbort(() => void told++)
        answer.send(200, [], 'done')
        await client.answer()
        client.close()
        expect((await ask(request({ body: 'after' })))?.body).toBe('after')
        expect(told).toBe(0)
      })

      test.each(['/throws', '/rejects'])(
        '%s: the client gets 500, the door goes on',
        async (path) => {
          const answer = await ask(request({ path, body: 'x' }))
          expect(answer).toMatchObject({ status: 500, body: '' })
          expect(bench.failed.map(String)).toEqual(['Error: on purpose'])
          expect((await ask(request({ body: 'on' })))?.body).toBe('on')
        },
      )

      test('that never answers is answered for', async () => {
        expect((await bench.clock.hurried(ask(request({ path: '/never' }))))?.status).toBe(500)
        expect(bench.refused).toEqual(['failed'])
      })

      test('cannot split a header', async () => {
        expect((await ask(request({ path: '/splits', body: 'a\r\nset-cookie: b' })))?.status).toBe(
          500,
        )
      })

      test('may answer 204 with reason and without body', async () => {
        const answer = await ask(request({ path: '/nothing' }))
        expect(answer).toMatchObject({ status: 204, body: '' })
        expect(answer?.headers['x-passerelle-reason']).toBe('stranger')
      })

      test('may answer with a megabyte', async () => {
        const answer = await ask(request({ method: 'GET', path: '/big' }))
        expect(answer?.body.length).toBe(1_000_000)
      })
    })

    describe('closing', () => {
      test('is at once where nobody ever came', async () => {
        await bench.door.close(60_000)
      })

      test('accepts nobody new, and answers who is under way, ending the connection', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/later', body: 'x' }))
        const { answer } = await bench.later()
        const closed = bench.door.close(10_000)
        await expect(RawClient.connect(bench.door.port)).rejects.toThrow('ECONNREFUSED')
        answer.send(200, [], 'last')
        const got = await client.answer()
        expect(got?.body).toBe('last')
        expect(got?.headers['connection']).toBe('close')
        await closed
      })

      test('does not wait longer than it is told', async () => {
        const client = await bench.connect()
        await client.write(request({ path: '/later', body: 'x' }))
        await bench.later()
        await bench.door.close(20)
        expect(await client.answer()).toBeUndefined()
      })

      test('under load loses no request of a connection that was open', async () => {
        await bench.door.close(0)
        // A client that a busy machine holds up for longer than this would be taken for gone.
        bench = await openBench(open, { ...LIMITS, drainQuietMs: 1_000 })
        const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
        let lost = 0
        let refusedConnects = 0
        const load = async () => {
          for (;;) {
            const said = await call(bench.door.port, agent)
            if (said === 'refused') return void refusedConnects++
            if (said !== 'ok') lost++
          }
        }
        const loads = Array.from({ length: 8 }, load)
        await bench.ranTimes(200)
        await bench.door.close(10_000)
        await Promise.all(loads)
        agent.destroy()
        expect({ lost, refusedConnects }).toEqual({ lost: 0, refusedConnects: 8 })
      })
    })
  })
}

function call(port: number, agent: http.Agent): Promise<string> {
  return new Promise((resolve) => {
    const req = http.request({ host: '127.0.0.1', port, method: 'POST', path: '/echo', agent })
    req.on('response', (res) => res.resume().on('end', () => resolve('ok')))
    req.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : String(error.code)),
    )
    req.setHeader('content-length', 4)
    req.end('load')
  })
}
