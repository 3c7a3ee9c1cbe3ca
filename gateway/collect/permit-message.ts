import { decide } from '../../audience/consent/decide.ts'
import type { Gvl } from '../../audience/consent/gvl.ts'
import type { Collector } from '../../exchange/collect/collector.ts'
import type { CollectSource } from '../../exchange/collect/source-ring.ts'
import { isGpcSaid, type PrivacyFields, readPrivacy } from '../edge/privacy.ts'
import { EdgeRefused } from '../edge/reasons.ts'

export interface PermitOptions {
  collector: Pick<Collector, 'mayCollect'>
  gvl: Gvl | undefined
  ownGvlId: number | undefined
}

/** What a request says for all its messages. */
export interface RequestConsent {
  /** The header Sec-GPC. */
  gpc: boolean
}

/**
 * Why a message may not be kept; 0 where it may. Asked of `context.consent` and, where that says nothing, of the
 * source's default; what cannot be read is a no. Every message is asked for itself.
 */
export function permitMessage(
  message: unknown,
  source: CollectSource,
  { collector, gvl, ownGvlId, gpc }: PermitOptions & RequestConsent,
): 0 | string {
  if (!collector.mayCollect(source)) return 'contract_not_live'
  const fields = consentIn(message, gpc)
  if (fields === undefined) return 'consent_unreadable'
  try {
    const { consent } = readPrivacy(fields, source.gdprDefault)
    return decide(consent, 'collect', source.ownerGvlId, ownGvlId, gvl)
  } catch (error) {
    if (error instanceof EdgeRefused) return error.reason
    throw error
  }
}

/** What a message says of consent itself, whatever it is; undefined where it says nothing. */
export function saidConsent(message: unknown): unknown {
  const context = (message as { context?: unknown } | null)?.context
  return (context as { consent?: unknown } | null | undefined)?.consent ?? undefined
}

const NOTHING: PrivacyFields = {
  ...{ gdpr: '', gdprConsent: '', usPrivacy: '', gpp: '', gppSid: '', gpc: false },
}

/** Undefined where it is no object, or a field of it neither text nor number nor a list of them. */
function consentIn(message: unknown, gpc: boolean): PrivacyFields | undefined {
  const given = saidConsent(message)
  if (given === undefined) return { ...NOTHING, gpc }
  if (!isFields(given)) return undefined
  const fields = { ...NOTHING, gpc: gpc || isGpcSaid(given['gpc']) }
  for (const name of ['gdpr', 'gdprConsent', 'usPrivacy', 'gpp', 'gppSid'] as const) {
    const text = textOf(given[name])
    if (text === undefined) return undefined
    fields[name] = text
  }
  return fields
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value) && value.every((one) => ['string', 'number'].includes(typeof one)))
    return value.join(',')
  return undefined
}
