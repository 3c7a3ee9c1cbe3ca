import { joinedObjects } from '../../proto/joined-objects.ts'
import { eachItem, eachMember } from '../../proto/members.ts'

const BRACE = 0x7b
const BRACKET = 0x5b

/**
 * Arguments of the calls in JSON-RPC messages, by the id of each, as the bytes that they came in. What a parser makes of
 * them is not what was said: long numbers lose their digits, and of keys that stand twice only one is left, which must
 * not be the one that forbids. `body`: JSON; one message, or an array of them.
 */
export function argumentsIn(body: Uint8Array): Map<unknown, Uint8Array> {
  const found = new Map<unknown, Uint8Array>()
  const first = body.findIndex((byte) => byte === BRACE || byte === BRACKET)
  const note = (start: number) => body[start] === BRACE && noteMessage(body, start, found)
  if (body[first] === BRACKET) eachItem(body, first, note)
  else note(first)
  return found
}

function noteMessage(body: Uint8Array, open: number, into: Map<unknown, Uint8Array>): void {
  let id: unknown
  const found: Uint8Array[] = []
  eachMember(body, open, (key, start, end) => {
    if (key === 'id') id = JSON.parse(Buffer.from(body.subarray(start, end)).toString())
    else if (key === 'params' && body[start] === BRACE) noteArguments(body, start, found)
  })
  const given = joinedObjects(found)
  if (given !== undefined) into.set(id, given)
}

function noteArguments(body: Uint8Array, open: number, into: Uint8Array[]): void {
  eachMember(body, open, (key, start, end) => {
    if (key === 'arguments') into.push(body.subarray(start, end))
  })
}
