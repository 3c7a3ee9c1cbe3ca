import { hash } from 'node:crypto'
import { checker, type Static, Type } from '../schema.ts'

const Id = Type.Object(
  { namespace: Type.Integer({ minimum: 1 }), value: Type.String({ minLength: 1 }) },
  { additionalProperties: false },
)

// biome-ignore format: a tuple is read in one line
const SealedEntry = Type.Tuple([Type.Integer(), Type.String(), Type.Integer(), Type.String(), Type.String(), Type.String()])

const CollectedEventSchema = Type.Object(
  {
    /** Id of the source, and number of the partner that owns it. */
    source: Type.String(),
    owner: Type.Integer({ minimum: 1 }),
    messageId: Type.String(),
    /** When it happened, by the sender's clock as far as that can be believed. */
    atMs: Type.Integer({ minimum: 0 }),
    /** When it came; absent: the same moment. */
    receivedMs: Type.Optional(Type.Integer({ minimum: 0 })),
    /** Whom it is about: the customer where it says so, else the visitor. */
    about: Id,
    /** Another id it says is the same person. */
    sameAs: Type.Optional(Id),
    /** Addresses and telephone numbers it says are that person's: their ids, in the form in which they are kept. */
    contacts: Type.Optional(Type.Array(Id)),
    /** What its source keeps of the person, sealed where it came in: see vault/vault-record.ts. */
    vault: Type.Optional(Type.Array(SealedEntry)),
    /** Numbers of the traits it shows. */
    traits: Type.Array(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
)

/**
 * What is kept of a message until it is processed: whom it is about, and which traits it shows. What it said
 * was asked where it came in, and is kept nowhere.
 */
export type CollectedEvent = Static<typeof CollectedEventSchema>

const check = checker(CollectedEventSchema)

export function packEvent(event: CollectedEvent): Buffer {
  return Buffer.from(JSON.stringify(event))
}

/** Undefined for bytes that are no event. */
export function unpackEvent(body: Uint8Array): CollectedEvent | undefined {
  try {
    const event: unknown = JSON.parse(Buffer.from(body).toString())
    return check(event).length === 0 ? (event as CollectedEvent) : undefined
  } catch {
    return undefined
  }
}

/** 16 bytes that name a message of a source: what it is known by once it was counted. */
export function messageName({ source, messageId }: CollectedEvent): Buffer {
  return hash('sha256', `${source}\0${messageId}`, 'buffer').subarray(0, 16)
}
