import type { SenderFields } from './deal-document.ts'

/** The field, where it says something. */
export function given<K extends keyof SenderFields>(
  field: K,
  value: SenderFields[K] | undefined,
): Pick<SenderFields, K> | undefined {
  return value === undefined ? undefined : ({ [field]: value } as Pick<SenderFields, K>)
}
