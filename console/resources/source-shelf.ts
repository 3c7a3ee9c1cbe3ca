import { shelfIn } from '../../exchange/collect/shelf-in.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import type { Caller } from '../sign-in/caller.ts'

/** Under which name it is kept what a source's messages hold, and whose it is; `not_found` where the caller may not know of it. */
export function sourceShelf(
  { desk, deskDeps }: Exchange,
  { actor }: Caller,
  id: string,
): { shelf: string; owner: string } {
  const { owner } = desk.getSource(actor, id).value
  return { shelf: shelfIn(deskDeps.feed.current()!, id)!, owner }
}
