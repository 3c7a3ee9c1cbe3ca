import { alpha3Of, countryOf, EEA, REGIONS } from '../audience/countries.ts'
import type { Vault } from '../audience/vault/vault.ts'
import type { PartnerRecord } from './partner.ts'

/** Why an instance may not keep what says who a tenant's people are; undefined where it may. */
export function whyNoPii(
  vault: Pick<Vault, 'isOpen' | 'region'> | undefined,
  partner: Pick<PartnerRecord, 'region' | 'settings'>,
): string | undefined {
  if (!vault?.isOpen)
    return 'this instance has no vault: name a file of keys in PASSERELLE_VAULT_KEYS'
  if (vault.region === undefined)
    return 'this instance does not say where it keeps data: set PASSERELLE_REGION'
  const allowed = piiRegionsOf(partner)
  const isAllowed = [...countriesOf(vault.region)].every((country) =>
    allowed.some((region) => countriesOf(region).has(country)),
  )
  if (isAllowed) return undefined
  return `this instance is in ${vault.region}, and the owner’s may be kept in ${allowed.join(', ')}: see settings.piiRegions of the partner`
}

/** Where a tenant's may be kept: as it says, else its own region, or the whole EEA where that is in it. */
function piiRegionsOf({ region, settings }: Pick<PartnerRecord, 'region' | 'settings'>): string[] {
  if (settings?.piiRegions) return settings.piiRegions
  return [...countriesOf(region)].every((country) => EEA.has(country)) ? ['EEA'] : [region]
}

function countriesOf(region: string): ReadonlySet<string> {
  const group = REGIONS[region.toUpperCase() as keyof typeof REGIONS]
  return group ?? new Set([alpha3Of(countryOf(region)) ?? region])
}
