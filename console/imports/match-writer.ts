import type { EdgeRequest, LinkOutcome } from '../../audience/people/link.ts'
import { LinkRefusals } from '../../audience/people/reasons.ts'
import { HotIds } from '../../exchange/sync/hot-ids.ts'
import { areQuarantined, type WatchedId } from '../../exchange/sync/quarantine.ts'
import { TakeRefusals } from '../../exchange/sync/reasons.ts'
import type { ImportNames } from './import-names.ts'
import type { ImportRooms } from './import-rooms.ts'
import type { MatchChange } from './match-lines.ts'

/** A sentence for each change that was refused, at its place. */
type Refusals = readonly (string | undefined)[]

/** Writes what one import of matches asks for. */
export class MatchWriter {
  readonly #audience: ImportRooms['audience']
  readonly #clock: ImportRooms['clock']
  readonly #names: ImportNames
  readonly #hot: HotIds

  /** `owner`: number of the partner whose matches they are; 0 is the exchange. */
  constructor({ audience, clock }: ImportRooms, names: ImportNames, owner: number) {
    this.#audience = audience
    this.#clock = clock
    this.#names = names
    this.#hot = new HotIds({ audience, clock }, owner)
  }

  /** Runs of the same kind are written together, in the order of the lines. */
  async write(batch: readonly MatchChange[]): Promise<Refusals> {
    const refusals: (string | undefined)[] = []
    for (let from = 0; from < batch.length; ) {
      const { what } = batch[from]!
      const end = batch.findIndex((change, i) => i > from && change.what !== what)
      const part = batch.slice(from, end < 0 ? undefined : end)
      refusals.push(...(await this.#writePart(part)))
      from += part.length
    }
    return refusals
  }

  async #writePart(part: readonly MatchChange[]): Promise<Refusals> {
    const matches = part.filter((change) => 'edge' in change)
    const { what } = part[0]!
    if (what === 'link') return this.#link(matches)
    if (what === 'unlink') await this.#audience.unlink(matches.map(({ edge }) => edge))
    if (what === 'optOut') await this.#optOut(part)
    return part.map(() => undefined)
  }

  async #link(matches: readonly Match[]): Promise<Refusals> {
    const held = await this.#quarantined(matches)
    const open = matches.filter((_, i) => !held[i])
    const outcomes = await this.#audience.link(open.map(({ edge }) => edge))
    const refusals: (string | undefined)[] = []
    let place = 0
    for (const [i, { watched }] of matches.entries())
      refusals.push(
        held[i] ? TakeRefusals.quarantined : await this.#refusalOf(outcomes[place++]!, watched),
      )
    return refusals
  }

  /** Which matches have an end that is in quarantine. */
  async #quarantined(matches: readonly Match[]): Promise<boolean[]> {
    const ids = matches.flatMap(({ watched }) => watched)
    const deps = { audience: this.#audience, clock: this.#clock }
    const held = ids.length > 0 ? await areQuarantined(deps, ids) : []
    let place = 0
    return matches.map(({ watched }) => {
      const from = place
      place += watched.length
      return held.slice(from, place).includes(true)
    })
  }

  async #refusalOf(
    outcome: LinkOutcome,
    watched: readonly WatchedId[],
  ): Promise<string | undefined> {
    if (outcome.ok) return undefined
    const { reason } = outcome
    const isFull = reason === 'too_many_ids' || reason === 'too_many_matches'
    if (isFull && (await this.#hot.refused(watched))) return TakeRefusals.hot_id
    return LinkRefusals[reason]
  }

  /** What others know of the person is theirs: a partner's word reaches ids of its own namespaces (people-desk.ts). */
  async #optOut(part: readonly MatchChange[]): Promise<void> {
    const own = this.#names.ownNumbers()
    const ids = part.flatMap((change) => ('id' in change ? [change.id] : []))
    await this.#audience.suppress(ids, {
      kind: 'opt_out',
      enters: ({ namespace }) => own.has(namespace),
    })
  }
}

interface Match {
  edge: EdgeRequest
  watched: readonly WatchedId[]
}
