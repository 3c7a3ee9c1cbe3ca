import { Readable, Writable } from 'node:stream'
import { runCli } from '../../console/cli/run-cli.ts'
import { ADMIN, type ConsoleWorld } from './world.ts'

export interface Ran {
  code: number
  out: string
  err: string
}

export interface Around {
  env?: Record<string, string>
  stdin?: string
  isTTY?: boolean
}

/** The command line in this process, against a console of a test. */
export class Cli {
  readonly #world: ConsoleWorld

  constructor(world: ConsoleWorld) {
    this.#world = world
  }

  async run(command: string | readonly string[], around: Around = {}): Promise<Ran> {
    const texts = { out: '', err: '' }
    const into = (name: 'out' | 'err') =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[name] += chunk
          done()
        },
      })
    const env = around.env ?? {
      PASSERELLE_URL: `http://127.0.0.1:${this.#world.desk.port}`,
      PASSERELLE_ADMIN_TOKEN: ADMIN,
    }
    const stderr = Object.assign(into('err'), { isTTY: around.isTTY ?? false })
    const stdin = Readable.from(around.stdin === undefined ? [] : [Buffer.from(around.stdin)])
    const args = typeof command === 'string' ? command.split(' ') : command
    const code = await runCli(args, { env, stdin, stdout: into('out'), stderr })
    return { code, ...texts }
  }
}
