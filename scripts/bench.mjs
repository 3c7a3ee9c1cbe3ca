// `npm run bench`: see bench/bench.ts.
import { importBuilt } from './build.mjs'

await importBuilt('bench/bench.js')
