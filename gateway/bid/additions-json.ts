import { Kind } from '../../proto/bid-facts.ts'
import type { ImpPlace } from '../../proto/request-places.ts'
import { textOf } from '../../proto/text.ts'
import { objectsOf } from './place-json.ts'
import { userJson } from './place-user.ts'
import type { Plan } from './plan-additions.ts'
import { transparencyJson } from './transparency-json.ts'

/** The additions alone, shaped like the request they belong to (`Prefer: return=additions`). */
export function additionsJson(plan: Plan, bytes: Uint8Array): Buffer {
  const parts: string[] = []
  if (plan.fragment !== undefined || plan.ids !== undefined) parts.push(userJson(plan))
  if (plan.imps.length > 0)
    parts.push(`"imp":[${plan.imps.map((imp, i) => impJson(imp, i, plan, bytes)).join(',')}]`)
  if (plan.transparency !== undefined)
    parts.push(`"regs":{"ext":{${transparencyJson(plan.transparency).whole}}}`)
  return Buffer.from(`{${parts.join(',')}}`)
}

function impJson(imp: ImpPlace, at: number, plan: Plan, bytes: Uint8Array): string {
  return `{${idJson(imp, bytes)}"pmp":{"deals":[${objectsOf(plan.impDeals[at]!)}]}}`
}

/** The imp's id as it was written; an imp without one is told apart by its place only. */
function idJson({ idStart, idEnd, idKind }: ImpPlace, bytes: Uint8Array): string {
  if (idKind === Kind.text || idKind === Kind.escapedText)
    return `"id":${JSON.stringify(textOf(bytes, idKind, idStart, idEnd))},`
  if (idKind === Kind.number) return `"id":${textOf(bytes, idKind, idStart, idEnd)},`
  return ''
}
