import { namesNobody } from '../../audience/identity/names-nobody.ts'
import { looksPersonal } from '../../audience/identity/personal-value.ts'
import { BROWSER, idFault } from '../../audience/namespace.ts'
import type { UidRefusal } from './reasons.ts'

/**
 * Why a partner's value is no id, wherever it comes from: a browser, or an import of matches; undefined
 * where it is one: what names nobody, and what looks like a way to reach a person. `macros`: the partner's own.
 */
export function uidRefusal(uid: string, macros: readonly string[]): UidRefusal | undefined {
  const nobody = namesNobody(uid, macros)
  if (nobody !== undefined) return `uid_${nobody}`
  if (looksPersonal(uid)) return 'uid_personal'
  return idFault(BROWSER.number, uid) === undefined ? undefined : 'uid_unfit'
}
