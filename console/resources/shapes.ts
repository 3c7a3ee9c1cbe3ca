import { type TSchema, Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { NamedSchema } from '../api/route.ts'

/** Query of every list. */
export const PageQuery = closed({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageMax })),
  after: Type.Optional(Type.String({ maxLength: 255 })),
})

/** A page of a list, as every list answers. */
export function pageOf({ name, schema }: NamedSchema): NamedSchema {
  const page = closed({
    items: Type.Array(schema),
    next: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'What to ask `after` for the next page.',
    }),
  })
  return { name: `${name}Page`, schema: page }
}

/** An object as it is shown: its fields, and those that only we write. */
export function shownAs(
  name: string,
  body: TSchema,
  own: Record<string, TSchema> = { id: Type.String() },
): NamedSchema {
  const { properties } = body as unknown as { properties: Record<string, TSchema> }
  return { name, schema: closed({ ...own, ...properties }) }
}
