import { atMost, type Figure } from './figures.ts'
import { contractBody, dealBody, type Ours, segmentBody, startOurs } from './ours.ts'
import { median, playRounds } from './rounds.ts'
import { makePeople, type Person, PROVIDERS, person, seeded } from './workload.ts'

const PEOPLE = 1_000_000
const RECORDS = 10_000
const AT_ONCE = 32
const ROUNDS = 7

/** Cost per request in a world a thousand times larger: more people, or more segments, contracts and deals. */
export async function scaleFigures(
  requests: Buffer[],
  say: (line: string) => void,
): Promise<Figure[]> {
  const people = makePeople()
  const [small, crowded, rich] = [
    await startOurs('small'),
    await startOurs('crowded'),
    await startOurs('rich'),
  ]
  try {
    for (const ours of [small, crowded, rich]) await ours.importPeople(people)
    say(`  importing ${PEOPLE} people`)
    await crowded.importPeople(strangers(PEOPLE))
    say(`  writing ${RECORDS} segments, contracts and deals each`)
    await enrichCatalog(rich)
    const rounds = await playRounds([small, crowded, rich], requests, {
      rounds: ROUNDS,
      by: 'autocannon',
      seconds: 3,
      connections: 16,
    })
    const ratio = (name: string) =>
      median(rounds, (round) => (round[name]?.cpuUs ?? Number.NaN) / round['small']!.cpuUs)
    return [
      atMost('cost per request, 1 k → 1 M people', 1.15, ratio('crowded'), '×'),
      atMost('cost per request, 10 → 10 k segments, contracts, deals', 1.15, ratio('rich'), '×'),
    ]
  } finally {
    for (const ours of [small, crowded, rich]) await ours.stop()
  }
}

function* strangers(count: number): Iterable<Person> {
  const random = seeded(7)
  for (let i = 0; i < count; i++) yield { ...person(i, random), uid: `crowd-${i}` }
}

/** Every new segment is sold to the buyer under a contract of its own, and unlocks a deal of its own. */
async function enrichCatalog(ours: Ours): Promise<void> {
  const owner = PROVIDERS[0]!.id
  const write = async (i: number) => {
    const segment = `rich-segment-${i}`
    await ours.api('PUT', `/api/segments/${segment}`, segmentBody(owner))
    await ours.api('PUT', `/api/contracts/rich-${i}`, contractBody(owner, [segment]))
    await ours.api('PUT', `/api/deals/rich-${i}`, dealBody([segment]))
  }
  for (let from = 0; from < RECORDS; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, RECORDS - from) }, (_, i) => write(from + i)),
    )
}
