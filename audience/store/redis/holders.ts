import { unpackProfile } from '../../../proto/profile-blob.ts'
import type { UserKey } from '../store.ts'
import type { Part } from './layout.ts'
import { walkAll } from './walk.ts'
import type { Writer } from './writer.ts'

/** Everybody whose profile names the segment, expired or not. */
export async function* holdersOf(writer: Writer, segment: number): AsyncGenerator<UserKey[]> {
  const holds = (blob: Uint8Array) => unpackProfile(blob).some((one) => one.segment === segment)
  yield* keysIn(writer, 'profile', holds)
}

/** Everybody with such a record that fits. */
export async function* keysIn(
  writer: Writer,
  part: Part,
  fits: (blob: Uint8Array) => boolean = () => true,
): AsyncGenerator<UserKey[]> {
  for await (const kept of walkAll(writer, part)) {
    const keys = kept.filter(({ bytes }) => fits(bytes)).map(({ key }) => key)
    if (keys.length) yield keys
  }
}
