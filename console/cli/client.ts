import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CliError } from './cli-error.ts'
import type { Connection } from './connection.ts'
import { refusalOf } from './refusal-lines.ts'

export interface Asking {
  /** Sent as JSON. */
  body?: unknown
  /** JSON already, sent as it is. */
  json?: string
  /** Sent as it comes, in chunks. */
  stream?: Readable
  headers?: Record<string, string>
}

export interface Answered {
  /** Parsed JSON; undefined where the answer was none. */
  body: unknown
  /** The answer as it came. */
  text: string
  etag: string | undefined
  /** What to ask `after` for the rest of a table. */
  next: string | undefined
}

/** Speaks to the console. Throws CliError for whatever is not answered well. */
export class Client {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async call(method: string, path: string, asking: Asking = {}): Promise<Answered> {
    const request = this.#open(method, path, asking)
    const answer = answerTo(request)
    // Whoever refuses an upload answers in the middle of it: the answer counts, not the broken pipe.
    const sent = send(request, asking).catch(() => undefined)
    try {
      const response = await answer
      const text = await textOf(response)
      return answered(response, text)
    } catch (error) {
      throw error instanceof CliError ? error : this.#unreachable(error, asking)
    } finally {
      if (!request.writableFinished) request.destroy()
      await sent
    }
  }

  #open(method: string, path: string, { body, json, headers }: Asking): ClientRequest {
    const { url, token } = this.#connection
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest
    return open(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined && json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    })
  }

  #unreachable(error: unknown, { stream }: Asking): CliError {
    const { origin } = this.#connection.url
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ECONNREFUSED')
      return new CliError(`${origin}: ${message}`, stream ? HALF_SENT : [])
    return new CliError(`nothing listens at ${origin}`, [
      'Start it with npm start, or name another address with --url or PASSERELLE_URL.',
    ])
  }
}

const HALF_SENT = [
  'What was taken in by then is in: passerelle import list tells how much.',
  'Send the file again: what is in already does no harm.',
]

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', reject)
  })
}

async function send(request: ClientRequest, { body, json, stream }: Asking): Promise<void> {
  if (stream) await pipeline(stream, request)
  else request.end(json ?? (body === undefined ? undefined : JSON.stringify(body)))
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

function answered(response: IncomingMessage, text: string): Answered {
  const { statusCode = 0, headers } = response
  const body = /json/.test(headers['content-type'] ?? '') ? JSON.parse(text) : undefined
  if (statusCode >= 400) throw refusalOf(statusCode, body)
  const next = headers['x-next'] as string | undefined
  return { body, text, etag: headers.etag, next }
}
