// `npm start`: installs and builds what is missing, then runs the house in this very process.
import { importBuilt } from './build.mjs'

await importBuilt('main.js')
