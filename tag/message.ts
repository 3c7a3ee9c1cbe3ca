import { LIMITS } from './limits.ts'
import { makeId } from './make-id.ts'

/** A message of the Segment HTTP tracking API, as far as it is known before the visitor is. */
export interface Message {
  type: 'page' | 'track' | 'identify' | 'group'
  messageId: string
  timestamp: string
  context: Record<string, unknown>
  name?: string
  event?: string
  userId?: string
  groupId?: string
  properties?: Record<string, unknown>
  traits?: Record<string, unknown>
}

type Fields = Record<string, unknown>

/** The message of a command, of this moment and this page; undefined for other commands. */
export function messageOf(name: unknown, given: readonly unknown[]): Message | undefined {
  const [first, second] = given
  const word = typeof first === 'string' || typeof first === 'number' ? String(first) : ''
  const fields = fieldsOf(word === '' && second === undefined ? first : second)
  // Not to end in half a character, which is none.
  const id = word.slice(0, LIMITS.idCharsMax).replace(/[\ud800-\udbff]$/, '')
  if (name === 'track')
    return word ? begun('track', { event: word, properties: fields }) : undefined
  if (name === 'page')
    return begun('page', { ...(word ? { name: word } : {}), properties: { ...page(), ...fields } })
  if (name === 'identify')
    return begun('identify', { ...(id ? { userId: id } : {}), traits: fields })
  if (name === 'group' && id) return begun('group', { groupId: id, traits: fields })
  return undefined
}

function begun(type: Message['type'], fields: Partial<Message>): Message {
  return {
    type,
    ...fields,
    messageId: makeId(),
    timestamp: new Date().toISOString(),
    context: { page: page(), locale: navigator.language, library: { name: 'passerelle.js' } },
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function page(): Fields {
  const { pathname: path, search, href } = location
  const url = href.split('#')[0]!
  const texts = { path, search, url, title: document.title, referrer: document.referrer }
  const short = Object.entries(texts).map(([name, text]) => [
    name,
    String(text).slice(0, LIMITS.textCharsMax),
  ])
  return Object.fromEntries(short)
}
