/**
 * Objects as JSON, ready for each of the three places they may go: after others in their array, as the
 * array, or as the object around it. One stretch of bytes, of which the smaller forms are parts: what is
 * written into one is in all.
 */
export interface NestedJson {
  /** `"user":{"data":[{…},{…}]}` */
  readonly whole: Buffer
  /** `"data":[{…},{…}]` */
  readonly array: Buffer
  /** `{…},{…}` */
  readonly objects: Buffer
  /** Where `objects` begins in `whole`. */
  readonly objectsAt: number
}

/** `outer` and `inner` are plain ASCII names: `user` and `data`, `pmp` and `deals`. */
export function nestedJson(outer: string, inner: string, objects: string): NestedJson {
  const before = `"${outer}":{`
  const opening = `"${inner}":[`
  const whole = Buffer.from(`${before}${opening}${objects}]}`)
  const array = whole.subarray(before.length, whole.length - 1)
  const objectsAt = before.length + opening.length
  return { whole, array, objects: whole.subarray(objectsAt, whole.length - 2), objectsAt }
}
