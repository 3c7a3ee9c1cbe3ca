/** Bounds of reading consent; what lies beyond them counts as unreadable, so it is denied. */

/** Characters of a TC string. The longest met in real traffic is under 4,000; a walk stays under 30 µs. */
export const TC_STRING_CHARS_MAX = 8_192

/** TC strings of one request (both placements, repeated keys, GPP section 2); all must permit. */
export const TC_STRINGS_MAX = 4

/** Characters of a GPP string: a TC string and the others beside it. */
export const GPP_CHARS_MAX = 12_288

/** GPP strings of one request (both placements, repeated keys). */
export const GPP_STRINGS_MAX = 4

/** Sections of one GPP string; 27 are registered. */
export const GPP_SECTIONS_MAX = 64

/** Characters of a US section with its sub-section; the longest registered has 15. */
export const US_SECTION_CHARS_MAX = 64

/** Bytes of one `gpp_sid` value. */
export const GPP_SID_BYTES_MAX = 1_024

/** Different section ids that `gpp_sid` may name. */
export const GPP_SIDS_MAX = 64

/** Bytes of a Global Vendor List file; the list of 2023 has 0.5 MB. */
export const GVL_BYTES_MAX = 16 * 1024 * 1024

/** Highest vendor id a TC string can carry (16 bits). */
export const GVL_ID_MAX = 65_535
