import { type ChainHandle, readSpan } from './chain-files.ts'
import { LIMITS } from './limits.ts'
import { type ChainDamage, type ChainPart, type ChainPlace, readChain } from './read-chain.ts'

/**
 * Reads a chained file from a place on, part by part, each checked; ends behind the last whole line, or with
 * a part that tells of damage.
 */
export async function* walkChain(file: ChainHandle, from: ChainPlace): AsyncGenerator<ChainPart> {
  for (let place = from; ; ) {
    // No more memory than there is to read: a few lines are new when the desk looks, ten times a second, and V8 counts what
    // lies outside its heap: 2 MiB each time had the whole heap collected every second.
    const left = Math.max(0, (await file.stat()).size - place.offset)
    const bytes = await readSpan(
      file,
      place.offset,
      place.offset + Math.min(left, LIMITS.readBytes),
    )
    const part = readChain(bytes, place)
    if (part.lines.length === 0 && !part.damage && bytes.length < LIMITS.readBytes) return
    if (part.lines.length === 0) part.damage ??= tooLong(place)
    yield part
    if (part.damage) return
    place = part.place
  }
}

/** No line is as long as what was read. */
function tooLong({ seq, offset }: ChainPlace): ChainDamage {
  return { damage: 'unreadable', seq: seq + 1, offset }
}
