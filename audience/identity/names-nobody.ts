import { percentDecoded } from '../percent-decoded.ts'

/** What systems send where they have no id. Compared without regard to letter case. */
const CONSTANTS = new Set([
  ...['', '0', 'null', 'undefined', 'nil'],
  ...['00000000-0000-0000-0000-000000000000', '00000000000000000000000000000000'],
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

/** A place of a template that nobody filled, in the forms that no system writes its ids in: one in single braces may be a GUID. */
const TEMPLATE = /^(?:\{\{.*\}\}|\$\{.*\}|%%.*%%|<%.*%>)$/s

/**
 * Why a value names nobody, wherever it comes from: a browser, a sender of events, an import; undefined where it may name
 * somebody. Only what stands in the lists, and a place left open in a template, is refused: whether an id is shared by too many is found by
 * counting, not by its looks. `macros`: the partner's own.
 */
export function namesNobody(
  value: string,
  macros: readonly string[] = [],
): 'constant' | 'macro' | undefined {
  const plain = value.toLowerCase()
  if (CONSTANTS.has(plain)) return 'constant'
  if (isMacro(plain, macros)) return 'macro'
  // Partners replace their macro raw or encoded, and leave it as either.
  return plain.includes('%') && isMacro(percentDecoded(plain), macros) ? 'macro' : undefined
}

function isMacro(plain: string, macros: readonly string[]): boolean {
  return (
    MACROS.has(plain) ||
    TEMPLATE.test(plain) ||
    macros.some((macro) => macro.toLowerCase() === plain)
  )
}
