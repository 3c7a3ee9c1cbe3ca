// Lets a child process of a test run the sources: `node --import <this file> script.ts`. Node 20
// cannot strip types by itself, and vitest does so only inside its own workers.
import { register } from 'node:module'

register('./ts-hooks.mjs', import.meta.url)
