import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  announcePresence,
  type PresenceAnnouncer,
} from '../../../audience/store/announce-presence.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import { MemoryPresence } from '../../support/memory-presence.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { patiently } from '../../support/patiently.ts'

const who = { instance: 'host-1', process: 'bid 1' }
const clock = new WoundClock()

let store: MemoryPresence
let served: number | undefined
let announcer: PresenceAnnouncer
const open = () => announcePresence({ store, who, served: () => served, everyMs: 3_600_000 })

beforeEach(() => {
  store = new MemoryPresence(clock)
  served = 1
})
afterEach(() => announcer.close())

test('a process says at once what it serves, and again when that changes', async () => {
  announcer = open()
  await patiently(async () => expect(await store.present()).toEqual([{ ...who, version: 1 }]))
  served = 2
  announcer.announce()
  await patiently(async () => expect(await store.present()).toEqual([{ ...who, version: 2 }]))
})

test('a process without a catalog says nothing, and one that closed is no longer there', async () => {
  served = undefined
  announcer = open()
  await announcer.close()
  expect(await store.present()).toEqual([])
  served = 1
  announcer = open()
  await patiently(async () => expect(await store.present()).toHaveLength(1))
  await announcer.close()
  expect(await store.present()).toEqual([])
})

test('what changes while a word is on its way goes with the next one, and no more are sent', async () => {
  const said: number[] = []
  let arrive = () => {}
  const announce = store.announce.bind(store)
  store.announce = async (presence, ttlMs) => {
    said.push(presence.version)
    await new Promise<void>((resolve) => (arrive = resolve))
    return announce(presence, ttlMs)
  }
  announcer = open()
  for (served = 2; served < 50; served++) announcer.announce()
  arrive()
  await patiently(() => expect(said).toEqual([1, 50]))
  arrive()
})

test('a store out of reach is no matter: the next word counts', async () => {
  const announce = store.announce.bind(store)
  store.announce = () => Promise.reject(new Error('out of reach'))
  announcer = open()
  store.announce = announce
  announcer.announce()
  await patiently(async () => expect(await store.present()).toHaveLength(1))
})

test('a process counts as there for longer than it may serve what is shared unconfirmed', () => {
  expect(LIMITS.presenceTtlMs).toBeGreaterThan(LIMITS.catalogConfirmWithinMs)
})
