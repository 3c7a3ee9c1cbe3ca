import { request } from 'node:http'
import { Readable } from 'node:stream'
import { atMost, type Figure, told } from './figures.ts'
import { type Ours, startOurs } from './ours.ts'
import { BUYER } from './workload.ts'

const FEW = 100_000
const MANY = 1_000_000
const LINES_A_CHUNK = 500
const SAMPLE_MS = 20
/** What a batch being read and one being written may take, however many come after them. */
const MIB_MAX = 384
/** Ten times as many lines: what is more is garbage that was not collected yet. */
const RATIO_MAX = 3

/** A million matches through the control API, and what the desk's memory (its own, without mapped files) makes of it. */
export async function matchImportFigures(say: (line: string) => void): Promise<Figure[]> {
  const ours = await startOurs('ours')
  try {
    const few = await importMatches(ours, 'few', FEW)
    say(`  ${FEW} matches: ${textOf(few)}`)
    const many = await importMatches(ours, 'many', MANY)
    say(`  ${MANY} matches: ${textOf(many)}`)
    const added = ({ peakMib }: Imported) => peakMib - few.beforeMib
    return [
      told('matches imported a second, of a million in one body', many.perSecond, '/s'),
      told('memory of the desk before it', few.beforeMib, ' MiB'),
      atMost(
        'memory that importing a million matches adds, at its peak',
        MIB_MAX,
        added(many),
        ' MiB',
      ),
      atMost('that, beside what the first 100,000 add', RATIO_MAX, added(many) / added(few), '×'),
    ]
  } finally {
    await ours.stop()
  }
}

interface Imported {
  perSecond: number
  beforeMib: number
  peakMib: number
}

const textOf = (one: Imported) =>
  `${Math.round(one.perSecond)} a second, ${one.beforeMib.toFixed(0)} MiB before, ${one.peakMib.toFixed(0)} at the peak`

async function importMatches(ours: Ours, name: string, count: number): Promise<Imported> {
  const beforeMib = ours.deskMib()
  let peakMib = beforeMib
  const timer = setInterval(() => {
    peakMib = Math.max(peakMib, ours.deskMib())
  }, SAMPLE_MS)
  const began = performance.now()
  const { accepted } = await sendLines(ours, matchLines(name, count))
  const seconds = (performance.now() - began) / 1000
  clearInterval(timer)
  if (accepted !== count) throw new Error(`${accepted} of ${count} matches were accepted`)
  return { perSecond: count / seconds, beforeMib, peakMib }
}

/** Pairs of a partner's id and a device's, none of them twice. */
function* matchLines(name: string, count: number): Iterable<string> {
  for (let from = 0; from < count; from += LINES_A_CHUNK) {
    let chunk = ''
    for (let i = from; i < Math.min(count, from + LINES_A_CHUNK); i++) {
      const device = `${i.toString(16).padStart(8, '0')}-8246-4ba4-ae5b-${name.padEnd(12, '0')}`
      chunk += `{"source":"${BUYER.id}","uid":"${name}-${i}","with":{"source":"ifa","uid":"${device}"}}\n`
    }
    yield chunk
  }
}

/** At the desk's own pace, as a client does that reads a file. */
function sendLines(ours: Ours, lines: Iterable<string>): Promise<{ accepted: number }> {
  return new Promise((resolve, reject) => {
    const { url, headers } = ours.desk
    const sent = request(`${url}/api/matches`, { method: 'POST', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part) => (text += part))
      answer.on('error', reject)
      answer.on('end', () => resolve(JSON.parse(text)))
    })
    sent.on('error', reject)
    Readable.from(lines).pipe(sent)
  })
}
