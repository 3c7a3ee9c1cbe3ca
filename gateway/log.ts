import { pino } from 'pino'

/**
 * The door of pino. Lines go to stderr as JSON; stdout belongs to the banner a human reads. Never logged:
 * ids of people, consent strings, keys, bodies.
 */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

/** `name` says which process speaks, e.g. `bid 1`. Synchronous, so that the last words of a dying process are heard. */
export function openLog(name: string): Log {
  const options = {
    name,
    base: { name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  return pino(options, pino.destination({ dest: 2, sync: true }))
}
