import { describe, expect, test } from 'vitest'
import {
  BROWSER_CLASSES,
  browserIn,
  browserOf,
} from '../../../exchange/matchrates/browser-class.ts'

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const IPHONE = `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT}`

const CASES: [string, string][] = [
  [`Mozilla/5.0 (X11; Linux x86_64) ${BLINK} Chrome/140.0.0.0 Safari/537.36`, 'chromium'],
  [
    `Mozilla/5.0 (Windows NT 10.0) ${BLINK} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
    'chromium',
  ],
  [
    `Mozilla/5.0 (Windows NT 10.0) ${BLINK} Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0`,
    'chromium',
  ],
  [
    `Mozilla/5.0 (Linux; Android 15) ${BLINK} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
    'chromium',
  ],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.4 Safari/605.1.15`,
    'safari',
  ],
  [`${IPHONE} Version/18.5 Mobile/15E148 Safari/604.1`, 'safari'],
  [`${IPHONE} CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1`, 'safari'],
  [`${IPHONE} FxiOS/141.0 Mobile/15E148 Safari/605.1.15`, 'safari'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox'],
  [`${IPHONE} Mobile/15E148`, 'other'],
  ['okhttp/4.12.0', 'other'],
  ['Safari', 'other'],
  ['/', 'other'],
  ['', 'other'],
]

describe('the class of a browser', () => {
  test.each(CASES)('%s', (userAgent, expected) => {
    expect(BROWSER_CLASSES[browserOf(userAgent)]).toBe(expected)
  })

  test('is read the same out of JSON, slashes escaped or not, and never beyond its span', () => {
    for (const [userAgent, expected] of CASES)
      for (const text of [userAgent, userAgent.replaceAll('/', '\\/')]) {
        const bytes = Buffer.from(`Firefox/1${text}Safari/6`)
        const at = 'Firefox/1'.length
        expect(BROWSER_CLASSES[browserIn(bytes, at, at + text.length)]).toBe(expected)
      }
  })
})
