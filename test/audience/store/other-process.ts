import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

type Answer = { id?: number; result?: unknown; error?: string; ready?: true; acked?: number }

/** Another process that holds the same store; see store-child.ts. */
export interface OtherProcess {
  /** Calls `people.assign`, `catalog.write`, `store.rootSecret` … there. */
  call<T>(verb: string, ...args: unknown[]): Promise<T>
  /**
   * Lets it write what torrent.ts says, the `from`th and on, until `acks` writes were answered, then
   * kills it. Resolves with the numbers of those that were answered.
   */
  torrentThenKill(from: number, acks: number): Promise<number[]>
  end(): Promise<void>
}

export interface OtherProcessOptions {
  /** No file it writes may grow beyond this: what a full disk looks like to one process. */
  fileKiBMax?: number
}

export async function startOtherProcess(
  address: string,
  dataDir: string,
  options: OtherProcessOptions = {},
): Promise<OtherProcess> {
  const child = spawnChild(await (bundled ??= bundle()), [address, dataDir], options)
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
    torrentThenKill: async (from, acks) => {
      enough = acks
      void call('torrent', from)
      await gone(child)
      return acked
    },
    end: async () => {
      child.kill('SIGKILL')
      await gone(child)
    },
  }
}

let bundled: Promise<string> | undefined

/** store-child.ts and all of ours that it imports as one script: translated once, not by each process anew. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./store-child.ts', import.meta.url))],
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', packages: 'external' },
  })
  return outputFiles[0]!.text
}

/** It reads its script from its input, and finds packages from where this process runs. */
function spawnChild(
  script: string,
  args: string[],
  { fileKiBMax }: OtherProcessOptions,
): ChildProcess {
  const limited = `ulimit -f ${fileKiBMax ?? 'unlimited'}; exec "$0" "$@"`
  const node = [process.execPath, '--input-type=module', '-', ...args]
  const child = spawn('bash', ['-c', limited, ...node], {
    // A store may complain on stderr of what a test does to it on purpose.
    stdio: ['pipe', 'inherit', fileKiBMax ? 'ignore' : 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  child.stdin!.end(script)
  return child
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
