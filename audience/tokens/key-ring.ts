import { type Static, Type } from '../schema.ts'
import { TOKEN_LIMITS } from './limits.ts'

const UInt32 = Type.Integer({ minimum: 0, maximum: 0xffff_ffff })
const closed = { additionalProperties: false } as const

/** What the tokens of a source are opened with: the operator's bidstream keys (UID2 documentation, `/v2/key/bidstream`). */
export const TokenKeysSchema = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          id: UInt32,
          /** 32 bytes in base64. */
          secret: Type.String({ pattern: '^[A-Za-z0-9+/_-]{43}=?$' }),
        },
        closed,
      ),
      { minItems: 1, maxItems: TOKEN_LIMITS.keysMax },
    ),
    /** A token that lasts longer gives no id. */
    maxLifetimeS: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 })),
    /** How far ahead of ours its maker's clock may be. */
    clockSkewS: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 })),
    /** Where tokens that a page made itself may be used: domains and names of apps, by site. */
    sites: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: UInt32,
            domains: Type.Array(Type.String({ maxLength: 255 }), {
              maxItems: TOKEN_LIMITS.siteDomainsMax,
            }),
          },
          closed,
        ),
        { maxItems: TOKEN_LIMITS.sitesMax },
      ),
    ),
  },
  closed,
)
export type TokenKeys = Static<typeof TokenKeysSchema>

/** The keys of one source, ready to open with. */
export class KeyRing {
  readonly maxLifetimeMs: number
  readonly clockSkewMs: number
  readonly #keys: ReadonlyMap<number, Buffer>
  readonly #domains: ReadonlyMap<number, ReadonlySet<string>>

  constructor({ keys, maxLifetimeS, clockSkewS, sites = [] }: TokenKeys) {
    this.maxLifetimeMs = (maxLifetimeS ?? Number.POSITIVE_INFINITY) * 1000
    this.clockSkewMs = (clockSkewS ?? TOKEN_LIMITS.clockSkewS) * 1000
    this.#keys = new Map(keys.map(({ id, secret }) => [id, Buffer.from(secret, 'base64')]))
    this.#domains = new Map(
      sites.map(({ id, domains }) => [id, new Set(domains.map((one) => one.toLowerCase()))]),
    )
  }

  key(id: number): Buffer | undefined {
    return this.#keys.get(id)
  }

  /** Whether a token that a page of this site made may be used where one of these names holds. */
  isAllowedOn(site: number, names: readonly string[]): boolean {
    const domains = this.#domains.get(site)
    return domains !== undefined && names.some((name) => domains.has(name.toLowerCase()))
  }
}
