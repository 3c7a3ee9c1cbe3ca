import { readConfig } from './config.ts'
import { yieldToBids } from './gateway/supervisor/yield-to-bids.ts'

/**
 * Started by hand it is the supervisor, which opens no room and starts this module again with a role: bid
 * (the bid path, one process per core), edge (browsers) and desk (operators). Each loads what it needs alone:
 * code is memory, and time until a process that died is back.
 */
const lives = {
  serve: async () => (await import('./lives/serve.ts')).serve,
  bid: async () => (await import('./lives/bid.ts')).bid,
  edge: async () => (await import('./lives/edge.ts')).edge,
  desk: async () => (await import('./lives/desk.ts')).desk,
}

const role = process.argv[2] ?? 'serve'
try {
  if (!(role in lives)) throw new Error(`${role} is no role: ${Object.keys(lives).join(', ')}`)
  // Not the supervisor: those it starts would take it over.
  if (role === 'edge' || role === 'desk') yieldToBids()
  const live = await lives[role as keyof typeof lives]()
  const { config, warnings } = readConfig(process.env)
  await live(config, warnings)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
