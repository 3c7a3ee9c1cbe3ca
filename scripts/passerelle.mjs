#!/usr/bin/env node
// `passerelle`: the command line over the control API; builds what changed first.
import { importBuilt } from './build.mjs'

await importBuilt('console/cli/cli.js')
