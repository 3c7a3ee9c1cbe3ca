import { looksPersonal } from '../../audience/identity/personal-value.ts'
import { BROWSER, idFault } from '../../audience/namespace.ts'
import { percentDecoded } from '../../audience/percent-decoded.ts'
import type { UidRefusal } from './reasons.ts'

/** What systems send where they have no id. Compared without regard to letter case. */
const CONSTANTS = new Set([
  '',
  '0',
  'null',
  'undefined',
  'nil',
  '00000000-0000-0000-0000-000000000000',
  '00000000000000000000000000000000',
])

/** Macros met in the field, as they come back where nobody replaced them. */
const MACROS = new Set(
  `$UID \${UID} {UID} [UID] <UID> %%UID%% {{UID}} @UID@ #UID $$UID$$
   $USER_ID \${USER_ID} {USER_ID} [USER_ID] %USER_ID% %%USER_ID%% $USERID \${USERID} {USERID} [USERID]
   $UUID \${UUID} {UUID} [UUID] {{UUID}} @UUID@ [BUYER_USERID] \${BUYER_USERID} BUYERUID {BUYERUID}
   \${USER_TOKEN} \${VISITOR_ID} [VISITOR_ID] {VIEWERID} <VSID> <TUID> %S [PDID] %%TDID%% \${TDID}
   \${DD_UUID} \${BSW_UUID} {OPENX_ID} #PMUID [RX_UUID] \${CRITEO_USER_ID} 33XUSERID33X {XID}
   $$VISITOR_COOKIE$$ [PBS_UID] __UID__ __ZUID__ NTV_USER_ID {ID5UID} {YANDEXUID} %%VGUID%%`
    .split(/\s+/)
    .map((macro) => macro.toLowerCase()),
)

/**
 * Why a partner's value is no id, wherever it comes from: a browser, or an import of matches; undefined
 * where it is one. Only what stands in the lists, and what looks like a way to reach a person, is refused: whether an id is shared by too many is found by
 * counting, not by its looks. `macros`: the partner's own.
 */
export function uidRefusal(uid: string, macros: readonly string[]): UidRefusal | undefined {
  const plain = uid.toLowerCase()
  if (CONSTANTS.has(plain)) return 'uid_constant'
  // Partners replace their macro raw or encoded, and leave it as either.
  for (const one of [plain, percentDecoded(plain)])
    if (MACROS.has(one) || macros.some((macro) => macro.toLowerCase() === one)) return 'uid_macro'
  if (looksPersonal(uid)) return 'uid_personal'
  return idFault(BROWSER.number, uid) === undefined ? undefined : 'uid_unfit'
}
