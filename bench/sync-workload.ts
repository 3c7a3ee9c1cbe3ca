import { writeTcString } from './tc-string.ts'

/** Fifty partners whose syncs carry consent there and back. */
export const SYNC_PARTNERS = Array.from({ length: 50 }, (_, i) => `bench-sync-${i + 1}`)

export function syncPartner(id: string): object {
  const query = 'gdpr={gdpr}&gdpr_consent={gdpr_consent}&us_privacy={us_privacy}'
  const url = `https://${id}.example/sync?${query}&gpp={gpp}&gpp_sid={gpp_sid}&redir={redirect}`
  return {
    name: id,
    domain: `${id}.example`,
    roles: ['dsp'],
    region: 'US',
    status: 'active',
    gvlId: SYNC_PARTNERS.indexOf(id) + 1,
    sync: { redirect: { url, userMacro: '$UID' } },
  }
}

/** What a page with all fifty asks, under US law unless it says more; `limit` as OpenRTB advises, or none. */
export function syncBody(more: object): Buffer {
  return Buffer.from(
    JSON.stringify({
      uuid: 'c9b65281-0000-4000-8000-000000000001',
      bidders: SYNC_PARTNERS,
      gdpr: 0,
      us_privacy: '1YNN',
      filterSettings: {
        iframe: { bidders: '*', filter: 'include' },
        image: { bidders: '*', filter: 'include' },
      },
      account: 'bench',
      coopSync: true,
      ...more,
    }),
  )
}

const VENDORS = 1_000

/** The same under the GDPR, with a consent string of one visitor's own: he lets all but some vendors do it. */
export function gdprBody(visitor: number, more: object): Buffer {
  const has = (vendor: number) => vendor <= SYNC_PARTNERS.length || (vendor * 7 + visitor) % 3 > 0
  const gdpr_consent = writeTcString({ createdDay: 20_700, vendorsMax: VENDORS, has })
  return syncBody({ gdpr: 1, gdpr_consent, us_privacy: '', ...more })
}
