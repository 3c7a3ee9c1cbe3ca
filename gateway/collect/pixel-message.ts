import type { Query } from '../edge/query.ts'

/** Parameters that are fields of the message, and those that say something of consent. */
const FIELDS = [
  'anonymousId',
  'userId',
  'event',
  'name',
  'messageId',
  'timestamp',
  'groupId',
] as const
const CONSENT = ['gdpr', 'gdprConsent', 'gpp', 'gppSid', 'usPrivacy', 'gpc'] as const

/**
 * A message as a pixel carries it: fields by their names, consent by its, and everything that begins with
 * `properties.` (or `p.`) as a property. A pixel with an event is a track, without one a page.
 */
export function pixelMessage(query: Query): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const field of FIELDS) if (query.has(field)) message[field] = query.get(field)
  const consent: Record<string, string> = {}
  for (const field of CONSENT) if (query.has(field)) consent[field] = query.get(field)
  const properties: [string, string][] = []
  for (const name of query.names()) {
    const [, property] = /^(?:properties|p)\.(.{1,256})$/.exec(name) ?? []
    if (property !== undefined) properties.push([property, query.get(name)])
  }
  return {
    ...message,
    type: query.has('event') ? 'track' : 'page',
    properties: Object.fromEntries(properties),
    context: { consent },
  }
}
