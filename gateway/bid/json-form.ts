import { JSON_FACTS } from '../../proto/bid-facts.ts'
import { scanRequest } from '../../proto/scan-request.ts'
import { textOf } from '../../proto/text.ts'
import { makeIds } from './ids-piece.ts'
import { dataThere, dealsThere, dealsTold, domainsTold } from './read-there.ts'
import type { RequestForm } from './wire.ts'

/** Bid requests in JSON (OpenRTB 2.5 and 2.6). */
export const JSON_FORM: RequestForm = {
  facts: JSON_FACTS,
  malformed: 'not_json',
  scan: ({ bytes, facts, places }) => scanRequest(bytes, facts, places),
  dataThere: ({ bytes, places, rooms }) => dataThere(bytes, places.data, rooms.domain),
  dealsThere: ({ bytes }, imp, deals) => dealsThere(bytes, imp.deals, deals),
  domainsTold: ({ bytes, places }) => domainsTold(bytes, places.transparency),
  dealsTold: ({ bytes }, imp) => dealsTold(bytes, imp.deals),
  impId: ({ bytes }, { idKind, idStart, idEnd }) => textOf(bytes, idKind, idStart, idEnd),
  makeIds,
}
