import type { Ours } from './ours.ts'
import type { Contender } from './processes.ts'
import { BUYER } from './workload.ts'

/** A wire that is asked by GET, and the paths of its requests. */
export interface GetWire {
  name: string
  contender: Contender
  paths: readonly string[]
}

/** The workload's people, asked about over the wires of Xandr and of Optable. */
export async function getWires(ours: Ours, requests: readonly Buffer[]): Promise<GetWire[]> {
  const asked = { scopes: ['wire:xandr'], exchange: 'bench-ssp' }
  const { key } = (await ours.api('POST', `/api/partners/${BUYER.id}/keys`, asked)) as {
    key: string
  }
  const users = requests.map(
    (body) => (JSON.parse(body.toString()) as { user: { buyeruid: string; consent: string } }).user,
  )
  const privacy = (consent: string) => `gdpr=1&gdpr_consent=${consent}&country=FRA`
  const to = { ...ours, url: new URL(ours.url).origin }
  return [
    {
      name: 'GET /xandr',
      contender: { ...to, headers: {} },
      paths: users.map((one) => `/xandr/${key}?uid=${one.buyeruid}&${privacy(one.consent)}`),
    },
    {
      name: 'GET /v2/targeting (Optable)',
      contender: { ...to, headers: { authorization: ours.headers['authorization']! } },
      paths: users.map(
        (one) => `/v2/targeting?id=c:${one.buyeruid}&timeout=100ms&${privacy(one.consent)}`,
      ),
    },
  ]
}
