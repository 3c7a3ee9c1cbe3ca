import { unpackProfile } from '../../../proto/profile-blob.ts'
import type { UserKey } from '../store.ts'
import { walkAll } from './walk.ts'
import type { Writer } from './writer.ts'

/** Everybody whose profile names the segment, expired or not. */
export async function* holdersOf(writer: Writer, segment: number): AsyncGenerator<UserKey[]> {
  for await (const kept of walkAll(writer, 'profile')) {
    const holds = kept.filter(({ bytes }) =>
      unpackProfile(bytes).some((one) => one.segment === segment),
    )
    if (holds.length > 0) yield holds.map(({ key }) => key)
  }
}
