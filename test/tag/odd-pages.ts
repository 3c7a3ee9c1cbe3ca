import { beforeEach, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { EDGE, keptBy, sentBy, type TagWorld } from '../support/web/tag-world.ts'

type Page = Awaited<ReturnType<TagWorld['visit']>>

/** The tag on pages that are not as it would have them; a browser takes longer to start than all of these. */
export function oddPages(worldOf: () => TagWorld): void {
  let world: TagWorld
  beforeEach(() => {
    world = worldOf()
  })

  /** What was taken in, once it is so many messages; the page's clock is wound on meanwhile. */
  async function arrived(page: Page, count: number) {
    const events = await world.queued()
    await patiently(async () => {
      await page.clock.runFor(1_000)
      events.push(...(await world.queued()))
      expect(events).toHaveLength(count)
    })
    return events
  }

  /** What the page's errors say. */
  function errorsOf(page: Page): string[] {
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    return errors
  }

  const eventsOf = async (page: Page) =>
    (await sentBy(page)).map(({ type, event }) => event ?? type)

  describe('a customer’s id', () => {
    test('is told and remembered whole, whatever it is made of', async () => {
      const begin = 'Zo\u00eb;=%2E.'
      const ids = ['john.doe', `${begin}${'\u{1F697}'.repeat(200)}`]
      for (const [at, id] of ids.entries()) {
        const commands = `passerelle('reset'); passerelle('identify', decodeURIComponent('${encodeURIComponent(id)}'))`
        const page = await world.visit(`/${at}`, world.tag('&gdpr=0&page=0', commands))
        const [said] = await arrived(page, 1)
        const next = await world.visit(`/${at}n`, world.tag('&gdpr=0'))
        const [remembered] = await arrived(next, 1)
        // At most 256 units, and no half character.
        const whole = at === 0 ? id : `${begin}${'\u{1F697}'.repeat(123)}`
        expect([said!.about.value, remembered!.about.value]).toEqual([whole, whole])
        expect(remembered!.sameAs).toEqual(said!.sameAs)
      }
    })
  })

  describe('a page', () => {
    test('in a sandbox, where nothing can be kept, tells of one visitor as long as it stands', async () => {
      const page = await world.visit('/sandboxed', world.tag('&gdpr=0'))
      const errors = errorsOf(page)
      await page.clock.runFor(5_000)
      await page.evaluate(`passerelle('track', 'Later')`)
      const events = await arrived(page, 2)
      expect(new Set(events.map(({ about }) => about.value)).size).toBe(1)
      expect(errors).toEqual([])
    })

    test('that tells what cannot be told loses that alone, and is not disturbed', async () => {
      const commands = `const round = {}; round.round = round
        passerelle('track', 'Before'); passerelle('track', 'Round', round); passerelle('track', 'Big', { n: 1n })
        passerelle('track', 'After')`
      const page = await world.visit('/a', world.tag('&gdpr=0&page=0', commands))
      await arrived(page, 2)
      const outcome = await page.evaluate(
        `try { passerelle('track', 'Round', round); passerelle('track', 'Last'); 'calm' } catch (error) { String(error) }`,
      )
      await arrived(page, 1)
      expect(await eventsOf(page)).toEqual(['Before', 'After', 'Last'])
      expect(outcome).toBe('calm')
    })

    test('whose other scripts change what everything is made of is told of all the same', async () => {
      const meddle = `
        Object.prototype.each = function () { throw new Error('stranger') }
        Array.from = (list) => Array.prototype.slice.call(list)
        Array.prototype.last = function () {}`
      const html = `<form name="title"></form>${world.tag('&gdpr=0', `passerelle('track', 'Early')`)}`
      const page = await world.visit('/a', html, meddle)
      const errors = errorsOf(page)
      await arrived(page, 2)
      await page.evaluate(`passerelle('track', 'Late')`)
      await arrived(page, 1)
      expect(await eventsOf(page)).toEqual(['page', 'Early', 'Late'])
      for (const { anonymousId, messageId } of await sentBy(page)) {
        expect(anonymousId).toMatch(/^[0-9a-f]{32}$/)
        expect(messageId).toMatch(/^[0-9a-f]{32}$/)
      }
      expect(errors).toEqual([])
    })

    test('offline when it is hidden keeps what it has to tell until it is back', async () => {
      const page = await world.visit('/a', world.tag('&gdpr=0'))
      await arrived(page, 1)
      await world.chromium.context.setOffline(true)
      try {
        await page.evaluate(`passerelle('track', 'Offline')
          window.dispatchEvent(new Event('pagehide'))`)
        expect(await eventsOf(page)).toEqual(['page'])
      } finally {
        await world.chromium.context.setOffline(false)
      }
      await arrived(page, 1)
      expect(await eventsOf(page)).toEqual(['page', 'Offline'])
    })
  })

  describe('the visitor’s word', () => {
    test('is not lost among many commands before the script is there', async () => {
      const many = `for (let i = 0; i < 250; i++) passerelle('track', 'Many ' + i)`
      for (const word of [`passerelle('consent', { granted: false })`, `passerelle('optOut')`]) {
        const page = await world.visit('/a', world.tag('&gdpr=0', `${word}; ${many}`))
        await page.clock.runFor(60_000)
        expect([word, await sentBy(page)]).toEqual([word, []])
      }
    })

    test('is not lost on a tag that comes later than a hundred commands', async () => {
      const page = await world.visit('/a', world.tag('&gdpr=0'))
      await page.evaluate(`passerelle('consent', { granted: false })
        for (let i = 0; i < 250; i++) passerelle('track', 'Many ' + i)`)
      await page.evaluate(`new Promise((loaded) => {
        const script = document.createElement('script')
        script.src = 'https://${EDGE}/tag.js?key=${world.keys.other}&gdpr=0&cookie=other'
        script.onload = loaded
        document.head.append(script)
      })`)
      await page.clock.runFor(60_000)
      expect(await sentBy(page)).toEqual([])
    })

    test('counts from a consent tool, too, that comes when nobody looks for it any more', async () => {
      const page = await world.visit('/a', world.tag('&gdpr=0'))
      await page.clock.runFor(30_000)
      expect(await eventsOf(page)).toEqual(['page'])
      await page.evaluate(`window.__tcfapi = (command, version, then) => { window.tell = then }
        passerelle('track', 'Undecided')`)
      await page.clock.runFor(30_000)
      expect(await eventsOf(page)).toEqual(['page'])
      await page.evaluate(`tell({ eventStatus: 'useractioncomplete', gdprApplies: true,
        purpose: { consents: {} }, vendor: { consents: {} } }, true)`)
      await page.clock.runFor(30_000)
      expect([await eventsOf(page), await keptBy(page)]).toEqual([
        ['page'],
        { cookie: '', storage: 0 },
      ])
    })

    test('is waited for from a consent tool that answers with nothing, and the tool is not disturbed', async () => {
      const tools = `window.calm = true
        const nothing = (then) => { try { then(null, false); then(null, true) } catch { window.calm = false } }
        window.__gpp = (command, then) => nothing(then)
        window.__tcfapi = (command, version, then) => nothing(then)
        window.__uspapi = () => { throw new Error('broken') }`
      const page = await world.visit('/a', world.tag('&gdpr=0'), tools)
      await page.clock.runFor(30_000)
      const outcome = await page.evaluate(`try { passerelle('track', 'x'); calm } catch { 'loud' }`)
      await page.clock.runFor(30_000)
      expect([await sentBy(page), outcome]).toEqual([[], true])
    })
  })
}
