import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Product } from '../product.ts'
import { type Site, showPage, type Visit } from './web.ts'

// A publisher, two partners and the product between them, each on a host of its own.

/** Read as it was published: Prebid.js names no such file to importers. */
const read = (path: string) =>
  readFileSync(new URL(`../../../node_modules/${path}`, import.meta.url), 'utf8')
const prebid = read('prebid.js/dist/not-for-prod/prebid.js')
const loadCookie = read('prebid-universal-creative/dist/load-cookie.html')

/** The page's part of docs/endpoints/sync.md: what is shown there is what runs here. */
const [prebidSnippet, frameSnippet] = [
  ...readFileSync(new URL('../../../docs/endpoints/sync.md', import.meta.url), 'utf8').matchAll(
    /```html\n(.*?)```/gs,
  ),
].map((match) => match[1]!)

/** North is loaded as an image, South in a frame, and is told our own id of the browser. */
const SYNCS = {
  'north-dsp': {
    redirect: { url: 'https://sync.north.example/pixel?r={redirect}', userMacro: '$UID' },
  },
  'south-dsp': {
    iframe: { url: 'https://sync.south.example/frame?us={uid}&r={redirect}', userMacro: '[UID]' },
  },
}

/** Makes partners, a segment and contracts; answers North's key. */
export async function makeAdWorld(product: Product): Promise<string> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  const partner = (id: string, more: object) =>
    put(`partners/${id}`, { name: id, domain: `${id}.example`, region: 'US', ...more })
  for (const [id, sync] of Object.entries(SYNCS)) await partner(id, { roles: ['dsp'], sync })
  await partner('dmp', { roles: ['data_provider'] })
  await put('segments/cars', { name: 'Cars', owner: 'dmp', provenance: 'third_party', ttlDays: 30 })
  await put('namespaces/pubcid.org', { kind: 'eid' })
  await put('contracts/spring', {
    ...{ seller: 'dmp', buyer: 'north-dsp', segments: ['cars'], uses: ['bid_enrichment'] },
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    ...{ startsAt: '2020-01-01', endsAt: '2099-01-01', status: 'active' },
  })
  return (await product.must('POST', '/api/partners/north-dsp/keys', { body: {} })).key
}

/** Every host a browser meets; `edge.example` is the product. */
export function adWorld(edgePort: number): Record<string, Site | number> {
  return {
    'edge.example': edgePort,
    'news.example': news,
    'pbs.example': prebidServer,
    'creative.example': (visit, res) =>
      visit.path === '/load-cookie.html' ? showPage(res, loadCookie) : notFound(res),
    'sync.north.example': (visit, res) =>
      res.writeHead(302, { ...known(visit, 'N'), location: back(visit, '$UID') }).end(),
    'sync.south.example': (visit, res) => {
      const headers = { ...known(visit, 'S'), 'content-type': 'text/html' }
      const to = JSON.stringify(back(visit, '[UID]'))
      res.writeHead(200, headers).end(`<script>location.replace(${to})</script>`)
    },
  }
}

/** A publisher: an article with Prebid.js, one without, and one from which the visitor opts out. */
const news: Site = ({ path }, res) => {
  if (path === '/') return showPage(res, prebidSnippet!)
  if (path === '/plain') return showPage(res, frameSnippet!)
  if (path === '/privacy')
    return showPage(res, '<iframe src="https://edge.example/optout"></iframe>')
  if (path === '/prebid.js')
    return void res.writeHead(200, { 'content-type': 'text/javascript' }).end(prebid)
  return notFound(res)
}

/** Somebody else's Prebid Server, which nobody bids at. */
const prebidServer: Site = (visit, res) => {
  const cors = {
    'access-control-allow-origin': visit.headers.origin ?? '',
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'content-type',
  }
  res.writeHead(200, { ...cors, 'content-type': 'application/json' })
  res.end('{"id":"1","seatbid":[]}')
}

let minted = 0

/** A partner's id of the browser, and the cookie it keeps it in: a new one, wherever the cookie does not come back. */
const uids = new WeakMap<Visit, string>()

function known(visit: Visit, prefix: string): Record<string, string> {
  const uid = /uid=([^;]+)/.exec(visit.headers.cookie ?? '')?.[1] ?? `${prefix}-${++minted}`
  uids.set(visit, uid)
  return { 'set-cookie': `uid=${uid}; Path=/; Secure; SameSite=None; Max-Age=86400` }
}

/** Where the partner sends the browser to, its id in place of its macro. */
function back(visit: Visit, macro: string): string {
  return visit.query.get('r')!.replace(macro, uidOf(visit))
}

export function uidOf(visit: Visit): string {
  return uids.get(visit)!
}

function notFound(res: ServerResponse): void {
  res.writeHead(404).end()
}
