import type { SyncType } from '../../exchange/sync/sync-template.ts'
import type { Answer } from '../http/door.ts'
import { EMBEDDED } from './answers.ts'

/** A transparent image of one pixel (PNG, RGBA). */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAABGdBTUEAALGPC/xhBQAAAA1JREFUeAFjYGBgYAAAAAUAAVeGxrIAAAAASUVORK5CYII=',
  'base64',
)

/**
 * The empty answer a sync ends with: an image, or a page. 200 in any case: a frame that is answered 204
 * never fires `load`, and whoever waits for it waits for ever. Undefined: neither was asked for or is
 * configured.
 */
export function sendPixel(
  answer: Answer,
  type: SyncType | undefined,
  headers: readonly string[] = [],
): void {
  const common = [...EMBEDDED, ...headers]
  if (type === 'redirect') answer.send(200, [...common, 'content-type', 'image/png'], PIXEL)
  else if (type === 'iframe') answer.send(200, [...common, 'content-type', 'text/html'])
  else answer.send(200, common)
}
