import type { TSchema } from '../../audience/schema.ts'
import type { Soon } from '../../audience/soon.ts'
import type { Caller } from '../sign-in/caller.ts'

/** Who may call a route at all; what they may do there, the verb behind it decides. */
export const Permissions = {
  anyone: 'No token is asked for.',
  side: 'Operators, and partner keys for their own side.',
  exchange: 'Operators of the exchange.',
} as const
export type Permission = keyof typeof Permissions

/** A schema that the OpenAPI document lists under this name. */
export interface NamedSchema {
  name: string
  schema: TSchema
}

/** What a route may answer with, when all is well. */
export interface AnswerDoc {
  says: string
  /** Absent: no body. */
  body?: NamedSchema
  /** Other content types it comes in, for those who ask with `?format=`. */
  alsoAs?: readonly string[]
}

/** One operation of the API. The dispatcher and the OpenAPI document are made from the same table of them. */
export interface ApiRoute {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** `/api/partners/{id}`: a name in braces is one segment of the path. */
  path: string
  operationId: string
  summary: string
  permission: Permission
  /** An object of string, integer and boolean fields. Anything else in the query is refused. */
  query?: TSchema
  body?: BodyDoc
  /** Honours If-Match with the ETag of the object. */
  isVersioned?: boolean
  /** Honours Idempotency-Key. */
  isCreating?: boolean
  /** A question asked by POST: it changes nothing. The OpenAPI document says so (`x-question`). */
  isQuestion?: boolean
  answers: Readonly<Record<number, AnswerDoc>>
  handle(call: Call): Soon<Reply>
}

/**
 * `json`: at most 1 MiB, whole. `text`: the same, one value of the schema, a list or lines of them, left
 * unparsed. `ndjson`: a stream of lines, each of the schema.
 */
export interface BodyDoc extends NamedSchema {
  kind: 'json' | 'text' | 'ndjson'
  /** May be left out. */
  isOptional?: boolean
  /** The one content type of a text that is no JSON. */
  as?: string
  /** Other content types it may come in. */
  alsoAs?: readonly string[]
  /** Default LIMITS.jsonBytesMax. A longer body is read once its sender is known. */
  bytesMax?: number
  /** Keys whose numbers stay as they were written: 2.50 comes as the text `2.50`. */
  asWritten?: readonly string[]
}

/** One request, as a route sees it. */
export interface Call {
  caller: Caller
  /** Segments of the path by name, decoded. */
  params: Readonly<Record<string, string>>
  /** Checked against the route's query schema. */
  query: Readonly<Record<string, string | number | boolean>>
  /** Parsed JSON, or the text as it came; undefined where there was no body. Checked by the verb it is given to. */
  body: unknown
  headers: CallHeaders
  /** The body of a route of kind `ndjson`, as it comes. */
  stream: AsyncIterable<Uint8Array>
}

/** Request headers that routes read; '' where absent. */
export interface CallHeaders {
  ifMatch: string
  idempotencyKey: string
  contentType: string
  contentEncoding: string
  /** As it came: see csv-reply.ts. */
  accept: string
}

export interface Reply {
  status: number
  /** Sent as JSON; undefined: no body. */
  body?: unknown
  /** Sent in place of `body`, as it is, under its content type. */
  text?: { type: string; text: string | Uint8Array }
  /** Further headers, flat: name, value, … */
  headers?: readonly string[]
  /** The object's version, or what names its content: sent as its ETag. */
  version?: number | string
}
