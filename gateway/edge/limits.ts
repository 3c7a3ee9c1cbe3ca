/** Bounds of the browsers' endpoints. */
export const EDGE_LIMITS = {
  /** Body of /cookie_sync; beyond it 413. Two long consent strings and some hundred bidders fit. */
  syncBodyBytesMax: 16 * 1024,
  /** Pages whose bodies are kept, to know the next visitor's by them; of more, the one kept first is forgotten. */
  pagesKept: 256,
  /** Kept bodies of one page: visitors under different laws send different fields. */
  bodiesPerPage: 4,
  /** Bytes of a body that is kept; longer ones are parsed each time. */
  keptBodyBytesMax: 8 * 1024,
  /** Body of /optout: a form with one field. */
  optOutBodyBytesMax: 4 * 1024,
  /** Characters of one consent string; beyond it 400: each is repeated in every sync address of an answer. */
  consentCharsMax: 4_096,
  /** `gpp_sid` as text. */
  gppSidCharsMax: 256,
  /** Addresses a partner may send browsers on to, as text. */
  redirectCharsMax: 4_096,
  /** Origins of pages, and headers that name write keys, of which it is remembered what follows; with more it is begun anew. */
  originsRemembered: { max: 4_096, charsMax: 256 },
  keysRemembered: { max: 4_096, charsMax: 256 },
} as const
