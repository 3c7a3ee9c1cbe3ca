import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

type Answer = { id?: number; result?: unknown; error?: string; ready?: true; acked?: number }

/** Another process that holds the same store; see store-child.ts. */
export interface OtherProcess {
  /** Calls `people.assign`, `catalog.write`, `store.rootSecret` … there. */
  call<T>(verb: string, ...args: unknown[]): Promise<T>
  /** Lets it write without end until `acks` writes were answered, then kills it; what was answered. */
  torrentThenKill(acks: number): Promise<number[]>
  end(): Promise<void>
}

export async function startOtherProcess(address: string, dataDir: string): Promise<OtherProcess> {
  const child = fork(pathOf('./store-child.ts'), [address, dataDir], {
    execArgv: ['--import', pathOf('./ts-loader.mjs')],
    serialization: 'advanced',
  })
  const calls = new Map<number, (answer: Answer) => void>()
  const acked: number[] = []
  let enough = Number.POSITIVE_INFINITY
  child.on('message', (answer: Answer) => {
    if (answer.id !== undefined) calls.get(answer.id)?.(answer)
    if (answer.acked === undefined) return
    acked.push(answer.acked)
    if (acked.length >= enough) child.kill('SIGKILL')
  })
  await firstMessage(child)

  function call<T>(verb: string, ...args: unknown[]): Promise<T> {
    const id = calls.size + 1
    return new Promise<T>((resolve, reject) => {
      calls.set(id, ({ result, error }) =>
        error === undefined ? resolve(result as T) : reject(new Error(error)),
      )
      child.send({ id, verb, args })
    })
  }

  return {
    call,
    torrentThenKill: async (acks) => {
      enough = acks
      void call('torrent')
      await gone(child)
      return acked
    },
    end: async () => {
      child.kill('SIGKILL')
      await gone(child)
    },
  }
}

/** The child is up, or the reason why not. */
async function firstMessage(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the other process ended with ${code} before it was ready`)
  })
  exited.catch(() => {})
  await Promise.race([once(child, 'message'), exited])
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
