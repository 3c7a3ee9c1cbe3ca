/** A macro that nobody replaced: `${AUCTION_PRICE}` (OpenRTB 2.6 §4.4), `{…}` or `%%…%%` in other dialects. */
export function isMacro(text: string): boolean {
  return /^\$?\{[^{}]*\}$|^%%[^%]*%%$/.test(text)
}
