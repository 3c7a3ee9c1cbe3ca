/** Catalog kinds that count, by seller, what came into force that others may have too, and what is somebody's alone. */
export const SOLD_SHARED_KIND = 'sold_shared'
export const SOLD_ALONE_KIND = 'sold_alone'

/** Records that only bind writes to each other (desk/sold-guards.ts): they say nothing. */
export const GUARD_KINDS: readonly string[] = [SOLD_SHARED_KIND, SOLD_ALONE_KIND]
