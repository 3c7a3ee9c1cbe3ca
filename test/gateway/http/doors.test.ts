import { expect, test } from 'vitest'
import { openNodeDoor } from '../../../gateway/http/open-node-door.ts'
import { openUwsDoor } from '../../../gateway/http/open-uws-door.ts'
import { loadUws } from '../../../gateway/http/uws.ts'
import { doorConformance } from './door-conformance.ts'

test('a native build of uWebSockets.js loads on this machine, and says which', () => {
  expect(loadUws()?.binding).toMatch(/^uWebSockets\.js 20\.\d+$/)
})

doorConformance('the uWebSockets.js door', openUwsDoor)
doorConformance('the node:http door', openNodeDoor)
