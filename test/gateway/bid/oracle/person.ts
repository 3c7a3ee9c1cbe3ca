import type { SlowRequest } from './request-paths.ts'
import { under } from './request-paths.ts'
import { EID_SOURCES, MATCHES, type OraclePartner, PEOPLE } from './world.ts'

const ORDER = ['buyeruid', 'user_id', 'eids', 'ifa']

/** The segments of the person a request names, each with the owners that may use the way to it. */
export type Held = { segment: string; over: string[][] }[]

/** The first known id, in the buyer's order; `none`: nobody is named, `stranger`: nobody known. */
export function personOf(
  request: SlowRequest,
  buyer: { id: string; partner: OraclePartner; exchange: string | undefined; ifaUsable: boolean },
): Held | 'none' | 'stranger' {
  const ids = (buyer.partner.settings?.idOrder ?? ORDER).flatMap((place) =>
    idsAt(request, place, buyer),
  )
  if (ids.length === 0) return 'none'
  const first = ids.find(isKnown)
  return first === undefined ? 'stranger' : heldBy(first)
}

type Name = [source: string, uid: string]

function idsAt(
  request: SlowRequest,
  place: string,
  buyer: { id: string; exchange: string | undefined; ifaUsable: boolean },
): Name[] {
  const last = (path: string, source: string): Name[] => {
    const uid = request.idOf(request.all(path).at(-1))
    return uid === undefined ? [] : [[source, uid]]
  }
  if (place === 'buyeruid') return last('user.buyeruid', buyer.id)
  if (place === 'user_id') return buyer.exchange ? last('user.id', buyer.exchange) : []
  if (place === 'eids') return eidsOf(request)
  if (!buyer.ifaUsable) return []
  return last('device.ifa', 'ifa')
    .map(([source, uid]): Name => [source, uid.toLowerCase()])
    .filter(([, uid]) => !/^[0-]*$/.test(uid))
}

/** user.eids before user.ext.eids, whichever is written first. */
function eidsOf(request: SlowRequest): Name[] {
  const names: Name[] = []
  for (const eid of [...request.all('user.eids.[]'), ...request.all('user.ext.eids.[]')]) {
    const source = request.idOf(under(eid, 'source').at(-1))?.toLowerCase()
    if (source === undefined || !EID_SOURCES.includes(source)) continue
    for (const uids of under(eid, 'uids'))
      for (const uid of uids.items.flatMap((one) => under(one, 'id'))) {
        const value = request.idOf(uid)
        if (value !== undefined) names.push([source, value])
      }
  }
  return names
}

const nameOf = (name: Name) => name.join(' ')

function isKnown(name: Name): boolean {
  const isMember = PEOPLE.some(
    ([s, u, segments]) => nameOf([s, u]) === nameOf(name) && segments.length > 0,
  )
  return isMember || MATCHES.some(([a, b]) => [nameOf(a), nameOf(b)].includes(nameOf(name)))
}

/** Every id joined by matches, with the owners of the matches on each way there. */
function heldBy(first: Name): Held {
  const ways = new Map<string, string[][]>([[nameOf(first), [[]]]])
  const queue = [nameOf(first)]
  for (const at of queue)
    for (const [a, b, owner] of MATCHES) {
      const [from, to] = nameOf(a) === at ? [a, b] : nameOf(b) === at ? [b, a] : []
      if (!from || !to || ways.has(nameOf(to))) continue
      ways.set(
        nameOf(to),
        ways.get(at)!.map((way) => [...way, owner]),
      )
      queue.push(nameOf(to))
    }
  return PEOPLE.filter(([s, u]) => ways.has(nameOf([s, u]))).flatMap(([s, u, segments]) =>
    segments.map((segment) => ({ segment, over: ways.get(nameOf([s, u]))! })),
  )
}
