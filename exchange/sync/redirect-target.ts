/**
 * Where a partner wants the browser sent on to, `$UID` (raw or encoded) filled in; undefined where that is
 * no https address of one of its registered hosts. Anybody can write a link to us: what is not exactly
 * what it seems is refused, never repaired (user names, ports, backslashes, other hosts after one `//`).
 */
export function redirectTarget(
  text: string,
  hosts: ReadonlySet<string>,
  uid: string,
): string | undefined {
  const host = /^https:\/\/([a-z0-9.-]+)(?=[/?]|$)[!-[\]-~]*$/i.exec(text)?.[1]
  if (host === undefined || !hosts.has(host.toLowerCase())) return undefined
  const filled = text.replace(/\$UID|%24UID/g, () => uid)
  if (!URL.canParse(filled)) return undefined
  const url = new URL(filled)
  // What browsers make of it is what was registered, or it is not followed.
  const isSound = url.host === host.toLowerCase() && url.username === '' && url.password === ''
  return isSound ? url.href : undefined
}
