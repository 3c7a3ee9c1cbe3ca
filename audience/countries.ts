/**
 * Countries as bid requests write them (`device.geo.country`: ISO 3166-1 alpha-3; alpha-2 is met in
 * real traffic and means the same), each with a small index, so that whatever depends on a country is
 * an array lookup and no text a caller makes up can grow a cache.
 */

/** No country was given. */
export const COUNTRY_ABSENT = 0
/** Something was given that names no country: all such texts share this one class. */
export const COUNTRY_OTHER = 1

/** ISO 3166-1 (2024), alpha-3 then alpha-2, and Kosovo under its user-assigned codes. */
const CODES = `
  ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU
  AUTAT AZEAZ BDIBI BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ
  BMUBM BOLBO BRABR BRBBB BRNBN BTNBT BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI
  CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE
  DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET FINFI FJIFJ FLKFK
  FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR
  GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN
  IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH
  KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV
  MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH MKDMK MLIML MLTMT MMRMM MNEME MNGMN
  MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE NFKNF NGANG NICNI
  NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL
  PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG
  SGSGS SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR SVKSK SVNSI
  SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO TTOTT
  TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY USAUS UZBUZ VATVA VCTVC VENVE VGBVG
  VIRVI VNMVN VUTVU WLFWF WSMWS XKXXK YEMYE ZAFZA ZMBZM ZWEZW`
  .trim()
  .split(/\s+/)

/** One more than the highest country index. */
export const COUNTRIES_COUNT = CODES.length + 2

/**
 * Alpha-3 codes of the European Union, with those parts of it that have a code of their own (Treaty
 * on the Functioning of the EU, art. 355: the outermost regions, and Åland).
 */
export const EU: ReadonlySet<string> = new Set(
  (
    'AUT BEL BGR CYP CZE DEU DNK ESP EST FIN FRA GRC HRV HUN IRL ITA LTU LUX LVA MLT NLD POL PRT ' +
    'ROU SVK SVN SWE ALA GLP GUF MAF MTQ MYT REU'
  ).split(' '),
)

/** The European Economic Area: the EU, Iceland, Liechtenstein, Norway. */
export const EEA: ReadonlySet<string> = new Set([...EU, 'ISL', 'LIE', 'NOR'])

/** Every known alpha-3 code. */
export const COUNTRIES: ReadonlySet<string> = new Set(CODES.map((code) => code.slice(0, 3)))

/** Groups of countries by the names a region may have in contracts and partners. */
export const REGIONS = { EU, EEA } as const

const SLOTS = 27 * 27 * 27
const INDEX_OF = new Uint16Array(SLOTS).fill(COUNTRY_OTHER)
const GDPR = new Uint8Array(COUNTRIES_COUNT)
/** Alpha-2 texts that are not ISO's own and are met all the same. */
const ALIASES = { UK: 'GBR', EL: 'GRC' } as const

CODES.forEach((code, i) => {
  const alpha3 = code.slice(0, 3)
  INDEX_OF[slotOf(alpha3)] = i + 2
  INDEX_OF[slotOf(code.slice(3))] = i + 2
  if (EEA.has(alpha3) || alpha3 === 'GBR' || alpha3 === 'CHE') GDPR[i + 2] = 1
})
for (const [alias, alpha3] of Object.entries(ALIASES))
  INDEX_OF[slotOf(alias)] = INDEX_OF[slotOf(alpha3)]!

/** The index of a country's text, letter case ignored; `undefined` and '' are COUNTRY_ABSENT. */
export function countryOf(text: string | undefined): number {
  if (!text) return COUNTRY_ABSENT
  return text.length > 3 ? COUNTRY_OTHER : INDEX_OF[slotOf(text)]!
}

/** The same from the bytes of a text span, without making a string. */
export function countryIn(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return COUNTRY_ABSENT
  if (end - start > 3) return COUNTRY_OTHER
  const third = end - start > 2 ? bytes[start + 2] : undefined
  return INDEX_OF[slotOfLetters(bytes[start]!, end - start > 1 ? bytes[start + 1]! : 0, third)]!
}

/** The index as alpha-3, or undefined for absent and other. */
export function alpha3Of(country: number): string | undefined {
  return CODES[country - 2]?.slice(0, 3)
}

/** The country a text names as alpha-2; undefined where it names none, as groups do. */
export function alpha2Of(text: string): string | undefined {
  return CODES[countryOf(text) - 2]?.slice(3)
}

/** True where the GDPR or its British or Swiss sister law applies: EEA, UK, CH. By index. */
export function isGdprIndex(country: number): boolean {
  return GDPR[country] === 1
}

/** The same by alpha-3 or alpha-2 text. */
export function isGdprCountry(text: string): boolean {
  return isGdprIndex(countryOf(text))
}

/** Whether a partner's `region` names anything: a country, or `EU` or `EEA`. */
export function isRegion(region: string): boolean {
  return Object.hasOwn(REGIONS, region.toUpperCase()) || countryOf(region) > COUNTRY_OTHER
}

/** Whether the same is under the GDPR. */
export function isGdprRegion(region: string): boolean {
  return Object.hasOwn(REGIONS, region.toUpperCase()) || isGdprCountry(region)
}

function slotOf(text: string): number {
  const third = text.length > 2 ? text.charCodeAt(2) : undefined
  return slotOfLetters(text.charCodeAt(0), text.length > 1 ? text.charCodeAt(1) : 0, third)
}

/** Two or three letters in base 27; 0, which no country has, as soon as one is no letter. */
function slotOfLetters(first: number, second: number, third: number | undefined): number {
  const a = letter(first)
  const b = letter(second)
  const c = third === undefined ? 0 : letter(third)
  return a && b && (c || third === undefined) ? (a * 27 + b) * 27 + c : 0
}

/** A=1 … Z=26 in either case; 0 for anything else. */
function letter(code: number): number {
  const upper = code & ~0x20
  return upper >= 65 && upper <= 90 ? upper - 64 : 0
}
