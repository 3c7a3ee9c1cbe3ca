/**
 * Taxonomy nodes whose segments cannot be offered: being in one says what GDPR art. 9(1) protects, or
 * makes an audience of minors, or gathers people around what is unlawful or harmful. Nodes of the IAB Tech
 * Lab's taxonomies (github.com/InteractiveAdvertisingBureau/Taxonomies, CC BY 3.0), chosen by the topics
 * that audience marketplaces refuse. Taxonomies of advertised products (segtax 3 and 8) and
 * private ones (from 500 on) say nothing about people that we could know.
 */
export const ProhibitedTopics = {
  health: 'Health, its conditions and their treatment (GDPR art. 9).',
  religion: 'Religion and belief (GDPR art. 9).',
  politics: 'Political opinion (GDPR art. 9).',
  sexuality: 'Sex life and sexual orientation (GDPR art. 9).',
  ethnicity: 'Racial or ethnic origin (GDPR art. 9).',
  minors: 'People who are not of age.',
  harm: 'What is unlawful or harms people.',
} as const
export type ProhibitedTopic = keyof typeof ProhibitedTopics

interface Listed {
  /** AdCOM list "Category Taxonomies"; several where their ids mean the same. */
  segtax: readonly number[]
  topic: ProhibitedTopic
  /** Ids, and ranges of numbers where every id in between is one of the topic. */
  ids: string
}

/** Audience 1.1 is 4; Content 1.0 is 1, 2.0 to 2.2 are 2, 5 and 6, 3.0 and 3.1 are 7 and 9. */
const CONTENT = [2, 5, 6, 7, 9]
const LISTED: readonly Listed[] = [
  { segtax: [4], topic: 'health', ids: '381-404 407 411 413 414 416-421 466 550 551 765' },
  { segtax: [4], topic: 'health', ids: '1448-1470 1555' },
  { segtax: [4], topic: 'religion', ids: '503 1344' },
  { segtax: [4], topic: 'politics', ids: '529-531' },
  { segtax: CONTENT, topic: 'health', ids: '199 224 228 230 231 233-238 286-323' },
  { segtax: CONTENT, topic: 'religion', ids: '175 361 453-463' },
  { segtax: CONTENT, topic: 'politics', ids: '174 386-388' },
  { segtax: CONTENT, topic: 'sexuality', ids: 'Rm3SiT' },
  { segtax: CONTENT, topic: 'harm', ids: 'v9i3On XtODT3 HxqYV1 pg0WhF 8FD8nI Z7rJBM' },
  { segtax: [1], topic: 'health', ids: 'IAB7 IAB7-1-45 IAB6-7 IAB6-8' },
  { segtax: [1], topic: 'religion', ids: 'IAB23 IAB23-1-10' },
  { segtax: [1], topic: 'politics', ids: 'IAB11-4' },
  { segtax: [1], topic: 'sexuality', ids: 'IAB14-3 IAB25-3' },
  { segtax: [1], topic: 'ethnicity', ids: 'IAB14-8' },
  { segtax: [1], topic: 'minors', ids: 'IAB14-6' },
]

/** Below a listed node, and not about what it is about: wars in the news, civic affairs. */
const OPEN: readonly Pick<Listed, 'segtax' | 'ids'>[] = [
  { segtax: [4], ids: '532' },
  { segtax: CONTENT, ids: '389 8YPBBL avbNf2 I4GWl6 mm3UXx j9PaO9 6i4dB6' },
]

const topics = new Map<string, ProhibitedTopic | undefined>()
for (const { segtax, topic, ids } of [
  ...LISTED,
  ...OPEN.map((one) => ({ ...one, topic: undefined })),
])
  for (const tax of segtax)
    for (const id of ids.split(' ').flatMap(spelledOut)) topics.set(`${tax} ${id}`, topic)

/**
 * Why a node's segments cannot be offered; undefined where they can. `above`: the nodes it stands below, nearest
 * first, where its taxonomy is known. A node that no list names is what the nearest one above it that is
 * named says, so that what a new edition adds below a topic is not for sale either.
 */
export function prohibitedTopic(
  { segtax, id }: { segtax: number; id: string },
  above: Iterable<string> = [],
): ProhibitedTopic | undefined {
  for (const one of [id, ...above]) {
    const name = `${segtax} ${one}`
    if (topics.has(name)) return topics.get(name)
  }
  return undefined
}

/** `386-388` and `IAB7-1-45` are ranges; `IAB7-1` is an id. */
function spelledOut(ids: string): string[] {
  const [, prefix = '', first, last] = /^(IAB\d+-)?(\d+)-(\d+)$/.exec(ids) ?? []
  if (first === undefined || last === undefined) return [ids]
  const count = Number(last) - Number(first) + 1
  return Array.from({ length: count }, (_, i) => `${prefix}${Number(first) + i}`)
}
