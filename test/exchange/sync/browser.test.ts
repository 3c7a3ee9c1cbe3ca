import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { readBrowser } from '../../../exchange/sync/browser.ts'
import { SyncKeys } from '../../../exchange/sync/sync-keys.ts'
import { CHROME, FIREFOX, SAFARI } from '../../support/edge-house.ts'

const keys = new SyncKeys((_, bytes) => randomBytes(bytes))
const kindOf = (userAgent: string, twin = '') =>
  readBrowser(keys, { main: '', twin, userAgent }).kind

test.each([
  ['Chrome', CHROME, 'new'],
  ['Chrome that nobody looks at', CHROME.replace('Chrome', 'HeadlessChrome'), 'new'],
  ['Safari', SAFARI, 'blocked'],
  ['Firefox', FIREFOX, 'blocked'],
  [
    'Chrome on a telephone of Apple',
    `${SAFARI.replace('Version/18.4', 'CriOS/140.0.7339.39')}`,
    'blocked',
  ],
  ['an app that does not say', 'okhttp/4.12.0', 'new'],
])('%s that we have not met is taken at what its engine keeps by default', (_, userAgent, kind) => {
  expect(kindOf(userAgent)).toBe(kind)
})

test('where the partitioned cookie came back and the other did not, third-party cookies are blocked', () => {
  expect(kindOf(CHROME, 'met.aovo')).toBe('blocked')
})
