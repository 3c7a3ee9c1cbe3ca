import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CollectedEvent } from '../../../audience/events/collected-event.ts'
import { EDGE, SHOP, TagWorld } from '../../support/web/tag-world.ts'

// Segment's own SDK for pages, as npm has it, in a real browser: all it knows of us is where its settings come from.

const WAIT = { timeout: 30_000, interval: 25 }
const dist = new URL('../../../node_modules/@segment/analytics-next/dist/umd/', import.meta.url)
const scripts = Object.fromEntries(
  readdirSync(dist)
    .filter((name) => name.endsWith('.js'))
    .map((name) => [`/${name}`, readFileSync(new URL(name, dist), 'utf8')]),
)

let world: TagWorld
beforeAll(async () => {
  world = await TagWorld.open('', scripts)
})
afterAll(() => world?.close())
beforeEach(() => world.clear())

const page = (commands: string, options = {}) => `
  <script src="/index.js"></script>
  <script>
    const { AnalyticsBrowser } = window.AnalyticsNext
    const settings = { writeKey: '${world.keys.shop}', cdnURL: 'https://${EDGE}' }
    window.analytics = AnalyticsBrowser.load(settings, ${JSON.stringify(options)})
    ${commands}
  </script>`

const BATCHES = {
  integrations: {
    'Segment.io': {
      deliveryStrategy: { strategy: 'batching', config: { size: 100, timeout: 60_000 } },
    },
  },
}

const inShort = (events: readonly CollectedEvent[]) =>
  events.map(({ about, sameAs }) => [about.value, sameAs?.value])

async function arrived(count: number): Promise<CollectedEvent[]> {
  const events: CollectedEvent[] = []
  await vi.waitFor(async () => {
    events.push(...(await world.queued()))
    expect(events).toHaveLength(count)
  }, WAIT)
  return events
}

describe('@segment/analytics-next', () => {
  test('delivers every kind of message, one by one', async () => {
    const commands = `
      analytics.page('Cars')
      analytics.track('Products Searched', { category: 'auto' })
      analytics.identify('u1', { plan: 'pro' })
      analytics.group('g1', { size: 3 })
      analytics.alias('u2', 'u1')`
    await world.visit('/', page(commands))
    const events = await arrived(5)
    const paths = ['p', 't', 'i', 'g', 'a'].map((short) => world.web.to(EDGE, `/v1/${short}`))
    expect(paths.map((visits) => visits.at(-1)?.status)).toEqual([200, 200, 200, 200, 200])
    expect(paths[1]!.at(-1)!.headers).toMatchObject({
      'content-type': 'text/plain',
      origin: `https://${SHOP}`,
      authorization: expect.stringMatching(/^Basic /),
    })
    const bodies = paths.map((visits) => JSON.parse(visits.at(-1)!.body))
    expect(bodies.map(({ type }) => type)).toEqual(['page', 'track', 'identify', 'group', 'alias'])
    const said = bodies.map(({ type, userId, anonymousId, previousId }) =>
      userId ? [userId, type === 'alias' ? previousId : anonymousId] : [anonymousId, undefined],
    )
    expect(inShort(events).sort()).toEqual(said.sort())
    expect(bodies[2].userId).toBe('u1')
  })

  test('delivers in batches', async () => {
    const tracks = `for (let i = 0; i < 7; i++) analytics.track('Seen ' + i)`
    const batches = structuredClone(BATCHES)
    batches.integrations['Segment.io'].deliveryStrategy.config.size = 7
    await world.visit('/', page(tracks, batches))
    await arrived(7)
    expect(world.web.to(EDGE, '/v1/b').at(-1)!.status).toBe(200)
  })

  test('delivers what is left when the page goes', async () => {
    const before = world.web.to(EDGE, '/v1/b').length
    const opened = await world.visit('/', page(`analytics.track('Leaving')`, BATCHES))
    await opened.evaluate('analytics.ready()')
    await vi.waitFor(
      async () => expect(await opened.evaluate('analytics.instance?.queue.queue.length')).toBe(0),
      WAIT,
    )
    await opened.goto(`https://${SHOP}/elsewhere`)
    await arrived(1)
    expect(
      world.web
        .to(EDGE, '/v1/b')
        .slice(before)
        .map(({ status }) => status),
    ).toEqual([200])
  })
})
