import { LIMITS } from '../limits.ts'
import { ProblemShape } from './problem.ts'
import type { AnswerDoc, ApiRoute, BodyDoc, NamedSchema } from './route.ts'

type Json = Record<string, unknown>

/** The OpenAPI 3.1 document of a table of routes. Schemas stand once, under their names. */
export function openApiDocument(routes: readonly ApiRoute[]): Json {
  const schemas: Json = { [ProblemShape.name]: ProblemShape.schema }
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operationOf(route, (named) => {
      schemas[named.name] = named.schema
      return { $ref: `#/components/schemas/${named.name}` }
    })
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Passerelle control plane', version: '1' },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The operator token, or a partner key of scope data or desk.',
        },
      },
    },
  }
}

const tooLarge = ({ bytesMax = LIMITS.jsonBytesMax }: BodyDoc, refer: Refer) => ({
  '413': {
    description: `The body is longer than ${bytesMax / (1024 * 1024)} MiB.`,
    content: problemContent(refer),
  },
})

type Refer = (named: NamedSchema) => Json

function operationOf(route: ApiRoute, refer: Refer): Json {
  const { operationId, summary, permission, body, answers } = route
  const refusals = {
    '4XX': { description: 'Refused.', content: problemContent(refer) },
    '503': { description: 'Not now: try again.', content: problemContent(refer) },
  }
  return {
    operationId,
    summary,
    ...(route.isQuestion ? { 'x-question': true } : {}),
    ...(permission === 'anyone' ? { security: [] } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(body ? { requestBody: requestBodyOf(body, refer) } : {}),
    responses: {
      ...responsesOf(answers, refer),
      ...(body && body.kind !== 'ndjson' ? tooLarge(body, refer) : {}),
      ...(permission === 'anyone' ? {} : refusals),
    },
  }
}

function pathParameters({ path }: ApiRoute): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: ApiRoute): Json[] {
  const { properties = {} } = (query ?? {}) as { properties?: Record<string, unknown> }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

function headerParameters({ isVersioned, isCreating }: ApiRoute): Json[] {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  })
  return [
    ...(isVersioned ? [header('If-Match', 'ETag that was read; 412 where it has changed.')] : []),
    ...(isCreating
      ? [header('Idempotency-Key', 'The same key and body again: the same answer, for a day.')]
      : []),
  ]
}

function requestBodyOf(body: BodyDoc, refer: Refer): Json {
  const schema = refer(body)
  if (body.as) return { required: !body.isOptional, content: { [body.as]: { schema } } }
  const json = { 'application/json': { schema } }
  const lines = { 'application/x-ndjson': { schema } }
  const content =
    body.kind === 'json' ? json : body.kind === 'ndjson' ? lines : { ...json, ...lines }
  const texts = (body.alsoAs ?? []).map((type) => [type, { schema: { type: 'string' } }])
  return { required: !body.isOptional, content: { ...content, ...Object.fromEntries(texts) } }
}

function responsesOf(answers: ApiRoute['answers'], refer: Refer): Json {
  const entries = Object.entries(answers).map(([status, answer]) => [
    status,
    {
      description: answer.says,
      ...(answer.body ? { content: contentOf(answer, refer(answer.body)) } : {}),
    },
  ])
  return Object.fromEntries(entries)
}

function contentOf({ alsoAs = [] }: AnswerDoc, schema: Json): Json {
  const texts = alsoAs.map((type) => [type, { schema: { type: 'string' } }])
  return { 'application/json': { schema }, ...Object.fromEntries(texts) }
}

function problemContent(refer: Refer): Json {
  return { 'application/problem+json': { schema: refer(ProblemShape) } }
}
