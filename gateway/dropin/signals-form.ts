import { type FactsForm, Id, Kind } from '../../proto/bid-facts.ts'
import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { textOf } from '../../proto/text.ts'
import type { Bid } from '../bid/bid.ts'
import type { IdsThere } from '../bid/ids-given.ts'
import { writeIds } from '../bid/ids-piece.ts'
import { noUserPlaces } from '../bid/user-places.ts'
import type { RequestForm } from '../bid/wire.ts'
import { signalsPage } from './signals-page.ts'

/** No id in a query says who added it, or how it is known. */
const SIGNALS_FACTS: FactsForm = { inventoryKind: Kind.text, readEid: () => ({}) }

/**
 * Bid requests that are the query of a GET: people and privacy signals, and nothing to place anything between. What they
 * say is noted as they arrive (`SignalsReader`).
 */
export const SIGNALS_FORM: RequestForm = {
  facts: SIGNALS_FACTS,
  malformed: 'not_object',
  keepBytes: () => signalsPage.copy(),
  scan: () => ScanOutcome.ok,
  dataThere: () => undefined,
  dealsThere: () => undefined,
  domainsTold: () => undefined,
  dealsTold: () => [],
  impId: () => '',
  makeIds: (bid) => writeIds(bid, idsIn(bid), { places: noUserPlaces(), home: 'user' }),
}

function idsIn({ facts: { ids, bytes } }: Bid): IdsThere {
  const at = Array.from({ length: ids.count }, (_, i) => i)
  const told = (i: number) => textOf(bytes, Kind.text, ids.start[i]!, ids.end[i]!)
  return {
    hasBuyeruid: at.some((i) => ids.field[i] === Id.buyeruid),
    // An eid is noted as its source, followed by its one uid.
    hasEid: ({ source, uid }) =>
      at.some(
        (i) =>
          ids.field[i] === Id.eidSource && told(i) === source.toLowerCase() && told(i + 1) === uid,
      ),
  }
}
