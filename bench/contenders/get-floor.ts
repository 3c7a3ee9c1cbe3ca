// The floor of the wires that are asked by GET: uWebSockets.js answers a text of such a length, whatever the path.
import { loadUws } from '../../gateway/http/uws.ts'

const native = loadUws()
if (!native) throw new Error('no native uWebSockets.js loads on this machine')
const body = 'x'.repeat(Number(process.argv[3]))
native.uws
  .App()
  .get('/*', (res) => {
    res.cork(() => {
      res.writeHeader('content-type', 'text/plain; charset=utf-8')
      res.end(body)
    })
  })
  .listen('127.0.0.1', Number(process.argv[2]), (socket) => {
    if (!socket) throw new Error(`cannot listen on ${process.argv[2]}`)
    process.send?.('ready')
  })
