import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { corpusPath } from './corpus.ts'

// OpenRTB in protobuf as protobufjs has it, for tests: from JSON and back, with the extensions of a partner.

/** Fields for what the standard has no number for, as a partner of the tests has agreed on them. */
export const AGREED = { segtax: 500, seats: 501, token: 502 } as const

const string = (id: number) => ({ type: 'string', id })
const AGREED_EXT = {
  fields: {
    segtax: { type: 'int32', id: AGREED.segtax },
    seats: { rule: 'repeated', type: 'string', id: AGREED.seats },
    t: string(AGREED.token),
    cids: { rule: 'repeated', type: 'string', id: 1 },
  },
}

/** The house's own schema, its extensions opened. */
export function ownType(): protobuf.Type {
  const schema = structuredClone(OPENRTB_SCHEMA) as protobuf.INamespace
  const root = protobuf.Root.fromJSON(schema)
  const messages = root.lookup('passerelle.openrtb') as protobuf.Namespace
  messages.addJSON({ AgreedExt: AGREED_EXT })
  for (const name of ['Data', 'Deal', 'EID']) {
    const type = messages.lookupType(name)
    if (type.fields['ext']) type.remove(type.fields['ext'])
    type.add(new protobuf.Field('ext', 99, 'AgreedExt'))
  }
  return messages.lookupType('BidRequest')
}

interface CorpusField {
  n: number
  type: string
  rep?: number
}

/** All of the official schema, as the corpus lists it; undefined where there is no corpus. */
export function officialType(): protobuf.Type | undefined {
  const path = corpusPath('openrtb/openrtb-proto-fields.json')
  if (path === undefined) return undefined
  const { messages } = JSON.parse(readFileSync(path, 'utf8')) as {
    messages: Record<string, Record<string, CorpusField>>
  }
  const names = Object.keys(messages).map((name) => name.split('.').at(-1))
  // google.protobuf.Value stands in answers only.
  const isKnown = (type: string) => /^[a-z]/.test(type) || names.includes(type)
  const root: protobuf.INamespace = { nested: {} }
  for (const [name, fields] of Object.entries(messages)) {
    let at = root as { nested?: Record<string, protobuf.INamespace> }
    for (const step of name.split('.')) {
      at.nested ??= {}
      at = at.nested[step] ??= { fields: {} } as never
    }
    Object.assign(at, {
      fields: Object.fromEntries(
        Object.entries(fields)
          .filter(([, { type }]) => isKnown(type))
          .map(([field, { n, type, rep }]) => [
            field,
            {
              id: n,
              type,
              ...(rep ? { rule: 'repeated', options: { packed: type === 'int32' } } : {}),
            },
          ]),
      ),
    })
  }
  const type = protobuf.Root.fromJSON(root).lookupType('BidRequest')
  type.root.resolveAll()
  return type
}

/**
 * What of a value of JSON a message can say: flags as bools, numbers where texts are wanted as texts. What has no field,
 * or is of another type, is left out.
 */
export function asMessage(type: protobuf.Type, value: unknown): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  if (typeof value !== 'object' || value === null) return message
  for (const [name, inner] of Object.entries(value)) {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name]!.resolve() : undefined
    if (field === undefined || inner === null) continue
    if (!field.repeated) message[name] = asField(field, inner)
    else if (Array.isArray(inner))
      message[name] = inner.map((one) => asField(field, one)).filter((one) => one !== undefined)
    if (message[name] === undefined) delete message[name]
  }
  return message
}

function asField(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? asMessage(field.resolvedType, value) : undefined
  }
  switch (field.type) {
    case 'bool':
      return typeof value === 'boolean' || value === 0 || value === 1 ? Boolean(value) : undefined
    case 'string':
      return ['string', 'number'].includes(typeof value) ? String(value) : undefined
    case 'int32':
      return Number.isInteger(value) ? (value as number) | 0 : undefined
    default:
      return typeof value === 'number' ? value : undefined
  }
}

export function encodeJson(type: protobuf.Type, json: unknown): Buffer {
  return Buffer.from(type.encode(type.fromObject(asMessage(type, json))).finish())
}

/** A message as a plain object, with nothing in it that is not on the wire. */
export function decodePlain(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  return type.toObject(type.decode(bytes), { longs: Number, bytes: String })
}
