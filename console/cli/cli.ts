import { runCli } from './run-cli.ts'

/** The command line's process: see scripts/passerelle.mjs. */
const { env, stdin, stdout, stderr } = process
process.exitCode = await runCli(process.argv.slice(2), { env, stdin, stdout, stderr })
