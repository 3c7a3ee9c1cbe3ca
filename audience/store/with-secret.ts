import type { Store } from './store.ts'

/** The root secret as it was given; else the store makes and keeps one. */
export function withSecret(store: Store, secret: Buffer | undefined): Store {
  if (secret === undefined) return store
  return {
    kind: store.kind,
    people: store.people,
    catalog: store.catalog,
    tallies: store.tallies,
    presence: store.presence,
    claims: store.claims,
    histories: store.histories,
    events: store.events,
    sightings: store.sightings,
    held: store.held,
    vault: store.vault,
    rootSecret: async () => secret,
    findings: () => store.findings(),
    close: () => store.close(),
  }
}
