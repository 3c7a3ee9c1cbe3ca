import { EVENT_LIMITS } from '../audience/events/limits.ts'
import { eventValues } from '../audience/rules/event-values.ts'
import { MatchIndex } from '../audience/rules/match-index.ts'
import { parseExpression } from '../audience/rules/parse-expression.ts'
import { shopEvent, shopRule } from './event-workload.ts'
import { atMost, type Figure, told } from './figures.ts'
import { answerIfAsked, inOwnProcess } from './own-process.ts'
import { seeded } from './workload.ts'

const EVENTS = 2_000
const ROUNDS = 9
const WARM = 20_000

interface Matched {
  /** Of the processor's time, an event, flattened and matched: the median of some rounds. */
  us: number
  /** Traits an event shows, in the mean. */
  shown: number
}

/** What it takes to find the traits an event shows among many, in a process of its own. */
export async function matchFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  matching of events')
  const { few, many } = await inOwnProcess<Record<'few' | 'many', Matched>>(import.meta.url)
  return [
    atMost('an event matched with 10,000 traits', 20, few.us, ' µs'),
    atMost('an event matched with 100,000 traits', 200, many.us, ' µs'),
    told('traits it shows of 100,000, in the mean', many.shown, ''),
  ]
}

function measure(): Record<'few' | 'many', Matched> {
  return { few: matched(10_000), many: matched(100_000) }
}

function matched(traits: number): Matched {
  const random = seeded(traits)
  const rules = Array.from({ length: traits }, (_, id) => ({
    id,
    rule: parseExpression(shopRule(random)),
  }))
  const index = new MatchIndex(rules)
  const events = Array.from({ length: EVENTS }, () => shopEvent(random))
  let shown = 0
  for (let i = 0; i < WARM; i++) index.match(eventValues(events[i % EVENTS]!, EVENT_LIMITS))
  const took = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage()
    shown = 0
    for (const event of events) shown += index.match(eventValues(event, EVENT_LIMITS)).length
    const { user, system } = process.cpuUsage(before)
    return (user + system) / EVENTS
  }).sort((a, b) => a - b)
  return { us: took[ROUNDS >> 1]!, shown: shown / EVENTS }
}

await answerIfAsked(import.meta.url, measure)
