import type { Problem } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { SETTINGS_KIND, SYNC_SETTINGS_ID, SyncSettings } from '../sync/sync-settings.ts'
import {
  type Actor,
  type DeskDeps,
  mustBeExchange,
  type Shown,
  snapshotOf,
  type WriteOptions,
  type Written,
} from './desk.ts'
import { checkedBody, refuseAll, writeRecord } from './write-record.ts'

const checkSettings = checker(SyncSettings)

/** How pages sync, where their publisher says nothing else: empty until it is put. */
export function getSyncSettings(deps: DeskDeps, actor: Actor): Shown<SyncSettings> {
  mustBeExchange(actor)
  const record = snapshotOf(deps).kind(SETTINGS_KIND).get(SYNC_SETTINGS_ID)
  return { value: (record?.value ?? {}) as SyncSettings, version: record?.version ?? 0 }
}

/** Refuses `unprocessable` where a list names no partner. */
export async function putSyncSettings(
  deps: DeskDeps,
  actor: Actor,
  { body, ifMatch }: { body: unknown } & WriteOptions,
): Promise<Written<SyncSettings>> {
  mustBeExchange(actor)
  const given = checkedBody<SyncSettings>(body, checkSettings, [])
  const written = await writeRecord<SyncSettings>(
    deps,
    { kind: SETTINGS_KIND, id: SYNC_SETTINGS_ID },
    {
      ifMatch,
      decide: (_, snapshot) => {
        refuseAll('unprocessable', unknownPartners(given, snapshot, ''))
        return { value: given }
      },
    },
  )
  return { ...written, value: written.value! }
}

/** Partners that settings name and that are not there; `at` is put before the field. */
export function unknownPartners(
  { priorityGroups = [], disabledIframes = [], disabledRedirects = [] }: SyncSettings,
  snapshot: CatalogSnapshot,
  at: string,
): Problem[] {
  const known = snapshot.kind('partner')
  const lists: [string, readonly string[]][] = [
    ...priorityGroups.map((group, i): [string, string[]] => [`priorityGroups.${i}`, group]),
    ['disabledIframes', disabledIframes],
    ['disabledRedirects', disabledRedirects],
  ]
  return lists.flatMap(([name, partners]) =>
    partners.flatMap((partner, i) =>
      known.has(partner)
        ? []
        : [{ field: `${at}${name}.${i}`, reason: `there is no partner ${partner}` }],
    ),
  )
}
