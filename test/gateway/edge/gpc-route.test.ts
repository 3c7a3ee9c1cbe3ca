import { afterAll, beforeAll, expect, test } from 'vitest'
import { EdgeHouse } from '../../support/edge-house.ts'

let house: EdgeHouse

beforeAll(async () => {
  house = await EdgeHouse.open()
})
afterAll(async () => {
  await house.close()
  expect(house.failures).toEqual([])
})

test('the door says that it keeps to Global Privacy Control, and since when, to any page and any cache', async () => {
  const answer = await house.ask('GET', '/.well-known/gpc.json', { headers: {} })
  expect(answer.status).toBe(200)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=86400',
  })
  const { gpc, lastUpdate, ...rest } = JSON.parse(answer.body.toString())
  expect([gpc, rest]).toEqual([true, {}])
  expect(lastUpdate).toMatch(/^\d{4}-\d\d-\d\d$/)
  // A day that there is.
  expect(new Date(lastUpdate).toISOString().slice(0, 10)).toBe(lastUpdate)
})
